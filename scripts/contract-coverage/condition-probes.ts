import { z } from 'zod';

/** A part of a condition in a contract: what stands between `&&` and `||`, in an `if` or before a `?`. */
export interface Condition {
  /** Path of the source from the repository's root. */
  readonly source: string;
  readonly line: number;
  /** The part as it is written. */
  readonly text: string;
}

/** One source with a probe around each part of each condition. Lines stay where they are. */
export interface ProbedSource {
  readonly text: string;
  readonly conditions: readonly Condition[];
}

const astNode = z.object({ nodeType: z.string(), src: z.string() }).passthrough();
type AstNode = z.infer<typeof astNode>;

/** Name of the library that the probes call; its file stands beside the contracts while coverage is measured. */
export const PROBE_LIBRARY = 'ConditionProbe';
const PROBE_FILE = 'ConditionProbe.sol';
/** Printed numbers below it are no probes. */
export const PROBE_BASE = 7_262_636_466_000_000;

/**
 * Tells the console of the development chain which way a condition went. The call is cast to a pure one, because
 * conditions of pure functions are probed too.
 */
export const PROBE_SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

library ${PROBE_LIBRARY} {
    function hit(uint256 id, bool outcome) internal pure returns (bool) {
        function(uint256) view report = _report;
        function(uint256) pure silent;
        assembly {
            silent := report
        }
        silent(${PROBE_BASE} + id * 2 + (outcome ? 1 : 0));
        return outcome;
    }

    function _report(uint256 number) private view {
        (bool known, ) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(
            abi.encodeWithSignature("log(uint256)", number)
        );
        known;
    }
}
`;

/**
 * Puts a probe around each part of each condition of a source.
 *
 * @param ast the compiler's syntax tree of the source; its offsets count bytes
 * @param firstId number of the source's first condition
 */
export function probeConditions(
  { source, text, ast }: { source: string; text: string; ast: unknown },
  firstId: number,
): ProbedSource {
  const bytes = Buffer.from(text, 'utf8');
  const spans = new Map<string, { start: number; end: number }>();
  for (const condition of conditionsIn(ast)) {
    for (const part of partsOf(condition)) spans.set(part.src, spanOf(part));
  }
  const ordered = [...spans.values()].sort((a, b) => a.start - b.start || b.end - a.end);
  const conditions = ordered.map(({ start, end }) => ({
    source,
    line: bytes.subarray(0, start).toString('utf8').split('\n').length,
    text: bytes.subarray(start, end).toString('utf8').replaceAll(/\s+/g, ' '),
  }));
  const insertions = ordered.flatMap(({ start, end }, index) => [
    { at: start, text: `${PROBE_LIBRARY}.hit(${firstId + index}, ` },
    { at: end, text: ')' },
  ]);
  return { text: withImport(insertInto(bytes, insertions), source), conditions };
}

/** Every expression that decides: of `if`, `?:` and the operators `&&`, `||`. */
function conditionsIn(value: unknown): AstNode[] {
  if (Array.isArray(value)) return value.flatMap(conditionsIn);
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(conditionsIn);
  const parsed = astNode.safeParse(value);
  if (!parsed.success) return inside;
  const node = parsed.data;
  const decides =
    node.nodeType === 'IfStatement' || node.nodeType === 'Conditional'
      ? astNode.parse(node['condition'])
      : isLogical(node)
        ? node
        : undefined;
  return decides === undefined ? inside : [decides, ...inside];
}

/** What a condition consists of between `&&`, `||`, `!` and parentheses. */
function partsOf(node: AstNode): AstNode[] {
  if (isLogical(node)) {
    return [
      ...partsOf(astNode.parse(node['leftExpression'])),
      ...partsOf(astNode.parse(node['rightExpression'])),
    ];
  }
  if (node.nodeType === 'UnaryOperation' && node['operator'] === '!') {
    return partsOf(astNode.parse(node['subExpression']));
  }
  if (node.nodeType === 'TupleExpression') {
    return z.array(astNode).parse(node['components']).flatMap(partsOf);
  }
  return [node];
}

function isLogical(node: AstNode): boolean {
  return node.nodeType === 'BinaryOperation' && (node['operator'] === '&&' || node['operator'] === '||');
}

function spanOf({ src }: AstNode): { start: number; end: number } {
  const [start = 0, length = 0] = src.split(':').map(Number);
  return { start, end: start + length };
}

/** Insertions at one place keep their order; ends of inner parts come before starts of the next. */
function insertInto(bytes: Buffer, insertions: readonly { at: number; text: string }[]): string {
  const isEnd = (text: string): boolean => text === ')';
  const ordered = [...insertions].sort(
    (a, b) => a.at - b.at || Number(isEnd(b.text)) - Number(isEnd(a.text)),
  );
  const pieces: string[] = [];
  let from = 0;
  for (const { at, text } of ordered) {
    pieces.push(bytes.subarray(from, at).toString('utf8'), text);
    from = at;
  }
  return [...pieces, bytes.subarray(from).toString('utf8')].join('');
}

/** The import stands on the line of the pragma, so that no line moves. */
function withImport(text: string, source: string): string {
  const depth = source.split('/').length - 2;
  const path = `${depth === 0 ? './' : '../'.repeat(depth)}${PROBE_FILE}`;
  return text.replace(/^(pragma [^\n]*)$/m, `$1 import {${PROBE_LIBRARY}} from "${path}";`);
}
