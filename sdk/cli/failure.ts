import { AuditError } from '../audit/audit-error.ts';
import { ChainError } from '../chain/chain-errors.ts';
import { ClientError } from '../client/client-error.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { PublishError } from '../publish/publish-error.ts';
import { CliError } from './cli-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { systemFault } from './system-fault.ts';
import { mark, type Terminal } from './terminal.ts';

/** Failures after which trying again later may help: nothing answered. */
const OFFLINE_CODES: ReadonlySet<string> = new Set(['UNREACHABLE', 'STALLED', 'CHAIN_UNREACHABLE']);

/** Tells a failure in a sentence with its remedy, as a JSON document too when asked for; @returns the exit code. */
export function tellFailure(terminal: Terminal, command: string, failure: unknown): ExitCode {
  if (!isCoded(failure)) return tellOther(terminal, command, failure);
  const { code, message, values } = failure;
  const remedy = remedyOf(failure);
  terminal.document(command, { error: { code, message, values, remedy } });
  terminal.say(`${mark('✗', '31')} ${message}`);
  if (remedy !== '') terminal.say(`  → ${remedy}`);
  if (failure instanceof CliError) return EXIT.usage;
  return OFFLINE_CODES.has(code) ? EXIT.offline : EXIT.failed;
}

/** What is none of our refusals: an interruption, a refusal of the operating system, or a mistake of this program. */
function tellOther(terminal: Terminal, command: string, failure: unknown): ExitCode {
  const { code, message, values, remedy } = describe(failure);
  terminal.document(command, { error: { code, message, values, remedy } });
  terminal.say(`${mark('✗', '31')} ${message}`);
  if (remedy !== '') terminal.say(`  → ${remedy}`);
  if (code === 'UNEXPECTED' && failure instanceof Error) terminal.say(failure.stack ?? '');
  return EXIT.failed;
}

interface Described {
  readonly code: string;
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
  readonly remedy: string;
}

function describe(failure: unknown): Described {
  if (failure instanceof Error && failure.name === 'AbortError') {
    return {
      code: 'INTERRUPTED',
      message: 'It was interrupted.',
      values: {},
      remedy: 'Give the same command again: it goes on from what is done.',
    };
  }
  const fault = systemFault(failure);
  if (fault !== undefined) {
    const { path, code: system, message, remedy } = fault;
    return { code: 'SYSTEM_REFUSED', message, values: { path, system }, remedy };
  }
  const message = failure instanceof Error ? failure.message : String(failure);
  return { code: 'UNEXPECTED', message, values: {}, remedy: '' };
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
