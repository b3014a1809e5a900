import type { Command, Option } from 'commander';

/** What may stand behind an option, or as an argument, as far as a shell can help with it. */
export type Completed =
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Anything: the shell has nothing to offer. */
  | { readonly kind: 'word' };

/** An option of a command. */
export interface CompletedOption {
  /** As they are typed: `--json`, `-V`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for a flag, which takes no value. */
  readonly value: Completed | undefined;
}

/** A command, or the program itself, with everything that may follow it. */
export interface CompletedCommand {
  /** Names from the program's first command on; empty for the program. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly argument: Completed | undefined;
  readonly commands: readonly CompletedCommand[];
}

/** Names of placeholders that are paths on this machine. */
const FILE = /^(file|archive)$/;
const DIRECTORY = /^(directory|dir|folder)$/;

/** Reads what can be typed off a program, its hidden parts left out. */
export function commandTree(command: Command, path: readonly string[] = []): CompletedCommand {
  const help = command.createHelp();
  const [argument] = command.registeredArguments;
  return {
    path,
    description: oneLine(command.description()),
    options: help.visibleOptions(command).map(completedOption),
    argument: argument && completedOf(argument.name(), '', argument.argChoices),
    commands: help.visibleCommands(command).map((inner) => commandTree(inner, [...path, inner.name()])),
  };
}

/** The command and all below it, from the program on. */
export function allCommands(tree: CompletedCommand): readonly CompletedCommand[] {
  return [tree, ...tree.commands.flatMap(allCommands)];
}

function completedOption(option: Option): CompletedOption {
  const { short, long, description } = option;
  const takesValue = option.required || option.optional;
  const placeholder = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '';
  return {
    names: [long, short].filter((name) => name !== undefined),
    description: oneLine(description),
    value: takesValue ? completedOf(placeholder, long ?? '', option.argChoices) : undefined,
  };
}

function completedOf(placeholder: string, flag: string, choices: readonly string[] | undefined): Completed {
  if (choices !== undefined) return { kind: 'choice', choices };
  if (FILE.test(placeholder) || flag.endsWith('-file')) return { kind: 'file' };
  if (DIRECTORY.test(placeholder) || flag.endsWith('-dir')) return { kind: 'directory' };
  return { kind: 'word' };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
