/** Version of the JSON documents of all commands. */
const SCHEMA_VERSION = 1;

/** Where a command writes: data to stdout, messages to stderr. */
export interface Terminal {
  readonly json: boolean;
  /** Whether somebody is there who can be asked. */
  readonly interactive: boolean;
  /** Prints a line of data for people; silent with --json. */
  data(line: string): void;
  /** Prints the command's JSON document; silent without --json. */
  document(command: string, fields: Record<string, unknown>): void;
  /** Tells people what happens; never data. */
  say(line: string): void;
}

/** The process's own streams. @param program names the schema of its documents: `<program>/<command>/1` */
export function processTerminal(json: boolean, program: 'bcdn' | 'bcdn-node' = 'bcdn'): Terminal {
  return {
    json,
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    data: (line) => {
      if (!json) process.stdout.write(`${line}\n`);
    },
    document: (command, fields) => {
      const schema = `${program}/${command}/${SCHEMA_VERSION}`;
      if (json) process.stdout.write(`${toJson({ schema, ...fields })}\n`);
    },
    say: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
}

/** One line of JSON; big integers become strings, so no reader rounds them, and what is absent is null. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'bigint' ? field.toString() : field === undefined ? null : field,
  );
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
