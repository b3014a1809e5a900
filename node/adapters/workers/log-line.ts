import { PlainFields } from './plain-fields.ts';
import type { Plain } from './process-channel.ts';
import { MAX_ERROR_LETTERS, MAX_ERROR_VALUES } from './worker-limits.ts';

/** A line of a worker's log, written by the node. */
export interface LogLine {
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Values of a log line as texts: errors by their stack, with the cause. */
export function plainLogValues(values: Readonly<Record<string, unknown>>): Plain {
  const entries = Object.entries(values).slice(0, MAX_ERROR_VALUES);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, textOf(value).slice(0, MAX_ERROR_LETTERS)]),
  );
}

/** @throws WorkerError MESSAGE_INVALID */
export function unpackLogLine(message: unknown): LogLine {
  const fields = new PlainFields(message);
  const values: Record<string, string> = {};
  for (const [name, value] of fields.fields('values').entries(MAX_ERROR_VALUES)) {
    values[name] = String(value).slice(0, MAX_ERROR_LETTERS);
  }
  const level = fields.text('level', MAX_LEVEL_LETTERS) === 'error' ? 'error' : 'warn';
  return { level, message: fields.text('message', MAX_ERROR_LETTERS), values };
}

const MAX_LEVEL_LETTERS = 5;

function textOf(value: unknown): string {
  if (!(value instanceof Error)) return String(value);
  const { cause } = value;
  return cause === undefined ? (value.stack ?? value.message) : `${value.stack ?? ''} — ${textOf(cause)}`;
}
