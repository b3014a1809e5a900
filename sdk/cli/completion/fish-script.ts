import { allCommands, type Completed, type CompletedCommand, type CompletedOption } from './command-tree.ts';
import { functionName } from './shell-text.ts';

/** fish knows two escapes inside of single quotes, and only these. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;

/** The completion of a program for fish 3 and newer. */
export function fishScript(program: string, tree: CompletedCommand): string {
  const at = `_${functionName(program)}_at`;
  const commands = allCommands(tree);
  return `# fish completion of ${program}
function ${at} --description 'whether the words so far lead to this command'
    set -l path
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch "$path:$word"
${steps(commands)}
        end
    end
    test "$path" = "$argv"
end
complete -c ${program} -f
${commands.flatMap((command) => lines(program, at, command)).join('\n')}
`;
}

function steps(commands: readonly CompletedCommand[]): string {
  return commands
    .flatMap(({ path, commands: inner, options }) => {
      const key = (word: string): string => quoted(`${path.join(' ')}:${word}`);
      return [
        ...inner.map(
          (command) =>
            `            case ${key(command.path.at(-1) ?? '')}\n                set path ${quoted(command.path.join(' '))}`,
        ),
        ...options
          .filter(({ value }) => value !== undefined)
          .map(({ names }) => `            case ${names.map(key).join(' ')}\n                set skip 1`),
      ];
    })
    .join('\n');
}

function lines(program: string, at: string, command: CompletedCommand): readonly string[] {
  const here = `complete -c ${program} -n ${quoted(`${at} ${quoted(command.path.join(' '))}`)}`;
  const { argument } = command;
  return [
    ...command.commands.map(
      ({ path, description }) => `${here} -a ${quoted(path.at(-1) ?? '')} -d ${quoted(description)}`,
    ),
    ...(argument === undefined || argument.kind === 'word' ? [] : [`${here}${offered(argument)}`]),
    ...command.options.map((option) => `${here}${optionOf(option)}`),
  ];
}

function optionOf({ names, description, value }: CompletedOption): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? ` -l ${quoted(name.slice(2))}` : ` -s ${quoted(name.slice(1))}`,
  );
  return `${flags.join('')}${value === undefined ? '' : ` ${value.kind === 'file' ? '-r' : '-x'}${offered(value)}`} -d ${quoted(description)}`;
}

function offered(value: Completed): string {
  if (value.kind === 'file') return ' -F';
  if (value.kind === 'directory') return ` -a ${quoted('(__fish_complete_directories)')}`;
  if (value.kind === 'choice') return ` -a ${quoted(value.choices.join(' '))}`;
  return '';
}
