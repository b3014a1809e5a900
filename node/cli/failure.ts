import { reportOf } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** Mistakes in how a command was called. */
const USAGE_CODES = new Set(['SETTING_INVALID', 'SETTING_MISSING', 'CONFIRMATION_NEEDED']);

/** The exit code that an error leads to. */
export function exitCodeOf(error: unknown): ExitCode {
  const { code } = reportOf(error);
  if (USAGE_CODES.has(code)) return EXIT.usage;
  return code === 'NODE_OFFLINE' ? EXIT.offline : EXIT.failed;
}
