import type { CommanderError } from 'commander';
import { mark, type Terminal } from '../../sdk/cli/terminal.ts';
import { systemFault } from '../../sdk/cli/system-fault.ts';
import { NodeError, reportOf, type ErrorReport } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** Mistakes in how a command was called. */
const USAGE_CODES = new Set(['SETTING_INVALID', 'SETTING_MISSING', 'CONFIRMATION_NEEDED']);

/** The exit code that an error leads to. */
export function exitCodeOf(error: unknown): ExitCode {
  const { code } = reportOf(error);
  if (USAGE_CODES.has(code)) return EXIT.usage;
  return code === 'NODE_OFFLINE' ? EXIT.offline : EXIT.failed;
}

/** An error as it is told: what the operating system refused becomes a sentence with its remedy. */
export function refusalOf(error: unknown): unknown {
  const fault = systemFault(error);
  if (fault === undefined) return error;
  const { code, path, message, remedy } = fault;
  return new NodeError('SYSTEM_REFUSED', { message, remedy, values: { path, system: code }, cause: error });
}

/** Tells an error in a sentence with its remedy; as a JSON document too when asked for. */
export function tellError(terminal: Terminal, command: string, error: unknown): void {
  const { code, message, values, remedy } = reportOf(error);
  terminal.document(command, { error: { code, message, values, remedy: remedy ?? '' } });
  terminal.say(`${mark('✗', '31')} ${message}`);
  if (remedy !== undefined) terminal.say(`  → ${remedy}`);
  if (code === 'UNEXPECTED' && error instanceof Error && error.stack !== undefined) terminal.say(error.stack);
}

/** A mistake that was found before any command ran, such as an unknown flag. */
export function usageErrorOf({ code, message }: CommanderError): ErrorReport {
  return {
    code: 'USAGE',
    message: message.replace(/^error: /, ''),
    values: { reason: code },
    remedy: 'See the options with --help.',
  };
}
