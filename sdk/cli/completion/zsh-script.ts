import { allCommands, type Completed, type CompletedCommand, type CompletedOption } from './command-tree.ts';
import { functionName, quoted } from './shell-text.ts';

const key = ({ path }: CompletedCommand, word: string): string => quoted(`${path.join(' ')}:${word}`);

/** The completion of a program for zsh with `compinit`: to be saved as `_<program>` in a folder of `$fpath`, or sourced. */
export function zshScript(program: string, tree: CompletedCommand): string {
  const name = functionName(program);
  const commands = allCommands(tree);
  return `#compdef ${program}
# zsh completion of ${program}
${name}() {
  local at= word i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "$at:$word" in
${steps(commands)}
    esac
  done
  case "$at:\${words[CURRENT-1]}" in
${values(commands)}
  esac
  case "$at" in
${offers(commands)}
  esac
  _describe ${quoted(program)} offered
}
# Loaded from $fpath it is called at once; sourced it is registered.
if [ "\${funcstack[1]}" = ${quoted(name)} ]; then ${name} "$@"; else compdef ${name} ${program}; fi
`;
}

function steps(commands: readonly CompletedCommand[]): string {
  return commands
    .flatMap((command) => [
      ...command.commands.map(
        ({ path }) => `      ${key(command, path.at(-1) ?? '')}) at=${quoted(path.join(' '))} ;;`,
      ),
      ...withValue(command).map((option) => `      ${patterns(command, option)}) ((i += 1)) ;;`),
    ])
    .join('\n');
}

function values(commands: readonly CompletedCommand[]): string {
  return commands
    .flatMap((command) =>
      withValue(command).map(
        (option) => `    ${patterns(command, option)}) ${offered(option.value)}return ;;`,
      ),
    )
    .join('\n');
}

function offered(value: Completed | undefined): string {
  if (value?.kind === 'file') return '_files; ';
  if (value?.kind === 'directory') return '_files -/; ';
  if (value?.kind === 'choice') return `compadd -- ${value.choices.map(quoted).join(' ')}; `;
  return '';
}

function offers(commands: readonly CompletedCommand[]): string {
  return commands
    .map((command) => {
      const { argument, path } = command;
      const words = [
        ...command.commands.map((inner) => described(inner.path.at(-1) ?? '', inner.description)),
        ...(argument?.kind === 'choice' ? argument.choices.map((choice) => described(choice, '')) : []),
        ...command.options.flatMap(({ names, description }) =>
          names.map((name) => described(name, description)),
        ),
      ];
      const files = argument?.kind === 'file' ? ' _files;' : '';
      return `    ${quoted(path.join(' '))})${files} offered=(${words.join(' ')}) ;;`;
    })
    .join('\n');
}

/** A word for `_describe`, in which a colon ends it. */
function described(word: string, description: string): string {
  const escaped = word.replaceAll(':', String.raw`\:`);
  return quoted(description === '' ? escaped : `${escaped}:${description}`);
}

const withValue = ({ options }: CompletedCommand): readonly CompletedOption[] =>
  options.filter(({ value }) => value !== undefined);

const patterns = (command: CompletedCommand, { names }: CompletedOption): string =>
  names.map((name) => key(command, name)).join('|');
