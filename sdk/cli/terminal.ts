/** Version of the JSON documents of all commands. */
const SCHEMA_VERSION = 1;

/** Where a command writes: data to stdout, messages to stderr. */
export interface Terminal {
  readonly json: boolean;
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
    data: (line) => {
      if (!json) process.stdout.write(`${line}\n`);
    },
    document: (command, fields) => {
      if (json)
        process.stdout.write(`${toJson({ schema: `bcdn/${command}/${SCHEMA_VERSION}`, ...fields })}\n`);
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

/** A mark, coloured only on a terminal whose owner did not forbid it (NO_COLOR). */
export function mark(sign: string, colour: string): string {
  const coloured = process.stderr.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return coloured ? `\u001b[${colour}m${sign}\u001b[0m` : sign;
}
