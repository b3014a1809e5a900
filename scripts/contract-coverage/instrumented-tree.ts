import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

import { DeployError } from '../deploy/deploy-error.ts';
import { REPOSITORY_ROOT } from '../deploy/hardhat-environment.ts';
import { PROBE_LIBRARY, PROBE_SOURCE, probeConditions, type Condition } from './condition-probes.ts';

const require = createRequire(import.meta.url);

/** What the contracts' tests need besides the contracts. */
const COPIED = [
  'contracts',
  'sdk',
  'scripts',
  'test/contracts',
  'test/vectors',
  'hardhat.config.ts',
  'package.json',
  'tsconfig.json',
];

const compilerOutput = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).optional(),
  sources: z.record(z.string(), z.object({ ast: z.unknown() })),
});

/** A copy of the repository in which each part of each condition reports which way it went. */
export interface InstrumentedTree extends AsyncDisposable {
  readonly root: string;
  /** By the number that a probe prints. */
  readonly conditions: readonly Condition[];
}

/**
 * Makes the copy in a folder of its own, so that nothing else is disturbed.
 *
 * @throws DeployError BUILD_INCOMPLETE when the contracts do not compile
 */
export async function makeInstrumentedTree(): Promise<InstrumentedTree> {
  const root = await mkdtemp(join(tmpdir(), 'bcdn-coverage-'));
  const dispose = async (): Promise<void> => {
    await rm(root, { recursive: true, force: true });
  };
  try {
    for (const path of COPIED) await cp(join(REPOSITORY_ROOT, path), join(root, path), { recursive: true });
    await symlink(join(REPOSITORY_ROOT, 'node_modules'), join(root, 'node_modules'), 'dir');
    const conditions = await probeContracts(root);
    return { root, conditions, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function probeContracts(root: string): Promise<Condition[]> {
  const sources = await contractSources(root);
  const trees = syntaxTrees(sources);
  const conditions: Condition[] = [];
  for (const [source, text] of sources) {
    if (source.startsWith('contracts/interfaces/')) continue;
    const probed = probeConditions({ source, text, ast: trees.get(source) }, conditions.length);
    if (probed.conditions.length === 0) continue;
    conditions.push(...probed.conditions);
    await writeFile(join(root, source), probed.text);
  }
  await writeFile(join(root, 'contracts', `${PROBE_LIBRARY}.sol`), PROBE_SOURCE);
  return conditions;
}

async function contractSources(root: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(join(root, 'contracts'), { recursive: true });
  const paths = names.filter((name) => name.endsWith('.sol')).sort();
  const read = async (name: string): Promise<[string, string]> => [
    `contracts/${name}`,
    await readFile(join(root, 'contracts', name), 'utf8'),
  ];
  return new Map(await Promise.all(paths.map(read)));
}

/** The compiler's syntax trees of all sources, without making code. */
function syntaxTrees(sources: ReadonlyMap<string, string>): ReadonlyMap<string, unknown> {
  const { compile } = z
    .object({
      compile: z.custom<(input: string, callbacks: object) => string>((value) => typeof value === 'function'),
    })
    .parse(require('solc'));
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries([...sources].map(([path, content]) => [path, { content }])),
    settings: { outputSelection: { '*': { '': ['ast'] } } },
  };
  const answer = compile(JSON.stringify(input), { import: importedSource });
  const { errors, sources: compiled } = compilerOutput.parse(JSON.parse(answer));
  const failure = errors?.find(({ severity }) => severity === 'error');
  if (failure !== undefined) throw new DeployError('BUILD_INCOMPLETE', failure.formattedMessage);
  return new Map(Object.entries(compiled).map(([path, { ast }]) => [path, ast]));
}

function importedSource(path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(require.resolve(path), 'utf8') };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
