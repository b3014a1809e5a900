/** Commands of a program by name: their own commands and their long options. */
export interface CommandTree {
  readonly options: ReadonlySet<string> | 'any';
  readonly commands: ReadonlyMap<string, CommandTree>;
}

/** What commander knows of a command. */
interface Described {
  readonly options: readonly { readonly long?: string | undefined }[];
  readonly commands: readonly (Described & { name(): string })[];
}

const EVERYWHERE = ['--help', '--version', '--json'];

/** The tree of a program that was built with commander. */
export function treeOf(command: Described): CommandTree {
  return {
    options: new Set([...EVERYWHERE, ...command.options.flatMap(({ long }) => long ?? [])]),
    commands: new Map(command.commands.map((each) => [each.name(), treeOf(each)])),
  };
}

/** Commands in code of a document, inline or in a block, that no program has. */
export function unknownCommands(text: string, programs: CommandTree): string[] {
  return codeOf(text).flatMap((code) => unknownIn(code.trim().split(/\s+/), programs) ?? []);
}

/** Pieces of code that may hold one command each: what stands between pipes, comments and line ends. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].map(([, block = '']) => block);
  const prose = text.replace(/^```.*?^```/gms, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '));
  const lines = [...blocks.map((block) => block.replace(/\\\n/g, ' ')), ...spans].flatMap((each) =>
    each.split('\n'),
  );
  return lines.flatMap((line) => (line.split(/ #|\s→/)[0] ?? '').split(/ \| | && |;/));
}

/** @returns the command as it is written when it is not known as such */
function unknownIn(words: readonly string[], programs: CommandTree): string | undefined {
  const first = words.findIndex((word) => programs.commands.has(word));
  if (first === -1) return undefined;
  const asked = words.slice(first).filter((word) => word !== '--');
  let tree = programs;
  let isCommand = true;
  for (const word of asked) {
    const flag = /--[\w-]+/.exec(word)?.[0];
    const name = word.replace(/[.,:]+$/, '');
    isCommand &&= /^[a-z][a-z:-]*$/.test(name) || flag !== undefined;
    if (flag !== undefined) {
      if (tree.options !== 'any' && !tree.options.has(flag)) return asked.join(' ');
    } else if (isCommand && tree.commands.size > 0) {
      const next = tree.commands.get(name);
      if (next === undefined) return asked.join(' ');
      tree = next;
    }
  }
  return undefined;
}
