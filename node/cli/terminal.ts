import { reportOf } from '../app/node-error.ts';

/** Version of the JSON documents of all commands. */
const SCHEMA_VERSION = 1;

/** Where a command writes: data to stdout, messages to stderr. */
export interface Terminal {
  readonly json: boolean;
  readonly interactive: boolean;
  /** Prints a line of data for people; silent with --json. */
  data(line: string): void;
  /** Prints the command's JSON document; silent without --json. */
  document(command: string, fields: Record<string, unknown>): void;
  /** Tells people what happens; never data. */
  say(line: string): void;
}

/** The process's own streams. */
export function processTerminal(json: boolean): Terminal {
  return {
    json,
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    data: (line) => {
      if (!json) process.stdout.write(`${line}\n`);
    },
    document: (command, fields) => {
      if (json) process.stdout.write(`${toJson({ schema: schemaOf(command), ...fields })}\n`);
    },
    say: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
}

/** The schema name of a command's documents. */
export function schemaOf(command: string): string {
  return `bcdn-node/${command}/${SCHEMA_VERSION}`;
}

/** One line of JSON; big integers become strings, so no reader rounds them. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'bigint' ? field.toString() : field,
  );
}

/** Tells an error in a sentence with its remedy; as a JSON document too when asked for. */
export function tellError(terminal: Terminal, command: string, error: unknown): void {
  const { code, message, values, remedy } = reportOf(error);
  terminal.document(command, { error: { code, message, values, remedy: remedy ?? '' } });
  terminal.say(`${mark('✗', '31')} ${message}`);
  if (remedy !== undefined) terminal.say(`  → ${remedy}`);
  if (code === 'UNEXPECTED' && error instanceof Error && error.stack !== undefined) terminal.say(error.stack);
}

/** A mark for a message, coloured only on a terminal whose owner did not forbid it (NO_COLOR). */
export function mark(sign: string, colour: string): string {
  return coloured(sign, colour, process.stderr.isTTY);
}

/** A mark in data, which goes to stdout. */
export function dataMark(sign: string, colour: string): string {
  return coloured(sign, colour, process.stdout.isTTY);
}

function coloured(sign: string, colour: string, isTerminal: boolean): string {
  const allowed = isTerminal && (process.env['NO_COLOR'] ?? '') === '';
  return allowed ? `\u001b[${colour}m${sign}\u001b[0m` : sign;
}
