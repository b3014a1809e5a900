import { AuditError } from '../audit/audit-error.ts';
import { ChainError } from '../chain/chain-errors.ts';
import { ClientError } from '../client/client-error.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { PublishError } from '../publish/publish-error.ts';
import { CliError } from './cli-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { mark, type Terminal } from './terminal.ts';

/** Failures after which trying again later may help: nothing answered. */
const OFFLINE_CODES: ReadonlySet<string> = new Set(['UNREACHABLE', 'STALLED', 'CHAIN_UNREACHABLE']);

/** Tells a failure in a sentence with its remedy, as a JSON document too when asked for; @returns the exit code. */
export function tellFailure(terminal: Terminal, command: string, failure: unknown): ExitCode {
  if (!isCoded(failure)) throw failure;
  const { code, message, values } = failure;
  const remedy = remedyOf(failure);
  terminal.document(command, { error: { code, message, values, remedy } });
  terminal.say(`${mark('✗', '31')} ${message}`);
  if (remedy !== '') terminal.say(`  → ${remedy}`);
  if (failure instanceof CliError) return EXIT.usage;
  return OFFLINE_CODES.has(code) ? EXIT.offline : EXIT.failed;
}

type Coded = AuditError | ChainError | ClientError | CliError | ProtocolError | PublishError;

function isCoded(failure: unknown): failure is Coded {
  return [AuditError, ChainError, ClientError, CliError, ProtocolError, PublishError].some(
    (type) => failure instanceof type,
  );
}

function remedyOf(failure: Coded): string {
  if ('remedy' in failure) return failure.remedy;
  const remedy = failure.values['remedy'];
  return typeof remedy === 'string' ? remedy : '';
}
