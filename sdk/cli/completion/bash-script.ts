import { allCommands, type CompletedCommand, type CompletedOption } from './command-tree.ts';
import { functionName, quoted } from './shell-text.ts';

/** Where a word stands: the commands before it and the word, as the script's `case` compares them. */
const key = ({ path }: CompletedCommand, word: string): string => quoted(`${path.join(' ')}:${word}`);

/**
 * The completion of a program for bash 3.2 and newer, without the package bash-completion. It is complete in itself: the
 * program is not started while somebody types.
 */
export function bashScript(program: string, tree: CompletedCommand): string {
  const name = functionName(program);
  const commands = allCommands(tree);
  return `# bash completion of ${program}
${name}() {
  local at= i word words= compared=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$at:$word" in
${steps(commands)}
    esac
  done
  COMPREPLY=()
  case "$at:$before" in
${values(commands)}
  esac
  case "$at" in
${offers(commands)}
  esac
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$compared")
}
complete -o filenames -F ${name} ${program}
`;
}

/** Follows the commands; the value of an option is none of them. */
function steps(commands: readonly CompletedCommand[]): string {
  return commands
    .flatMap((command) => [
      ...command.commands.map(
        ({ path }) => `      ${key(command, path.at(-1) ?? '')}) at=${quoted(path.join(' '))} ;;`,
      ),
      ...withValue(command).map((option) => `      ${patterns(command, option)}) i=$((i + 1)) ;;`),
    ])
    .join('\n');
}

/** What is offered behind an option that takes a value: nothing else. */
function values(commands: readonly CompletedCommand[]): string {
  return commands
    .flatMap((command) =>
      withValue(command).map((option) => `    ${patterns(command, option)}) ${offered(option)} ;;`),
    )
    .join('\n');
}

function offered({ value }: CompletedOption): string {
  switch (value?.kind) {
    case 'file':
      return `${paths('-f')}; return`;
    case 'directory':
      return `${paths('-d')}; return`;
    case 'choice':
      return `words=${quoted(value.choices.join(' '))}; at=-`;
    default:
      return 'return';
  }
}

function offers(commands: readonly CompletedCommand[]): string {
  return commands
    .map((command) => {
      const { argument, options, path } = command;
      const below = command.commands.map((inner) => inner.path.at(-1) ?? '');
      const choices = argument?.kind === 'choice' ? argument.choices : [];
      const words = [...below, ...choices, ...options.flatMap(({ names }) => names)].join(' ');
      const files = argument?.kind === 'file' ? ` ${paths('-f')};` : '';
      return `    ${quoted(path.join(' '))})${files} words=${quoted(words)} ;;`;
    })
    .join('\n');
}

const paths = (how: '-f' | '-d'): string =>
  `while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen ${how} -- "$compared")`;

const withValue = ({ options }: CompletedCommand): readonly CompletedOption[] =>
  options.filter(({ value }) => value !== undefined);

const patterns = (command: CompletedCommand, { names }: CompletedOption): string =>
  names.map((name) => key(command, name)).join('|');
