import { ProtocolError, type ErrorValues } from '../../../sdk/protocol/errors.ts';
import { DeliveryError } from '../../core/delivery/delivery-error.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { DeskError } from '../delivery-desk/desk-error.ts';
import { GatewayError } from '../http/gateway-error.ts';
import { messageInvalid } from './worker-error.ts';
import { MAX_ERROR_LETTERS, MAX_ERROR_VALUES } from './worker-limits.ts';

type PlainValue = string | number | boolean | { readonly bigint: string };

/** An error of ours as plain data. */
export interface CrossingError {
  /** Class of the error; `unknown` for one that nobody foresaw. */
  readonly kind: 'delivery' | 'desk' | 'storage' | 'protocol' | 'gateway' | 'unknown';
  readonly code: string;
  readonly message: string;
  readonly values: Readonly<Record<string, PlainValue>>;
  readonly remedy: string;
  /** Of a gateway error only. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes an error plain, so that code, sentence, values and remedy survive another process. */
export function packError(error: unknown): CrossingError {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_LETTERS);
  if (error instanceof DeliveryError) return { kind: 'delivery', message, ...factsOf(error) };
  if (error instanceof DeskError) return { kind: 'desk', message, ...factsOf(error) };
  if (error instanceof StorageError) return { kind: 'storage', message, ...factsOf(error) };
  if (error instanceof ProtocolError)
    return { kind: 'protocol', message, ...factsOf({ ...error, remedy: '' }) };
  if (error instanceof GatewayError) {
    const { status, headers } = error;
    return { kind: 'gateway', message, ...factsOf(error), status, headers };
  }
  return { kind: 'unknown', code: '', message, values: {}, remedy: '' };
}

/** The error again, of its own class. @throws WorkerError MESSAGE_INVALID */
export function unpackError(packed: unknown): Error {
  if (!isRecord(packed)) throw messageInvalid('an error is no object');
  const message = textOf(packed['message']);
  const code = textOf(packed['code']);
  const details = { values: valuesOf(packed['values']), remedy: textOf(packed['remedy']) };
  // Codes are of this same program: what it sent, it knows.
  switch (packed['kind']) {
    case 'delivery':
      return new DeliveryError(code as DeliveryError['code'], message, details);
    case 'desk':
      return new DeskError(code as DeskError['code'], message, details);
    case 'storage':
      return new StorageError(code as StorageError['code'], message, details);
    case 'protocol':
      return new ProtocolError(code as ProtocolError['code'], message, details.values);
    case 'gateway': {
      const { status } = packed;
      if (typeof status !== 'number') throw messageInvalid('an error has no status');
      const headers = Object.fromEntries(
        Object.entries(recordOf(packed['headers'])).map(([name, value]) => [name, textOf(value)]),
      );
      return new GatewayError(status, code as 'INTERNAL', { message, ...details, headers });
    }
    case 'unknown':
      return new GatewayError(500, 'INTERNAL', {
        message: 'The node made a mistake.',
        remedy: 'Ask another node; the operator finds the reason in the log.',
        cause: message,
      });
    default:
      throw messageInvalid('an error is of no kind');
  }
}

function factsOf(error: { readonly code: string; readonly values: ErrorValues; readonly remedy: string }): {
  code: string;
  values: Record<string, PlainValue>;
  remedy: string;
} {
  const values: Record<string, PlainValue> = {};
  for (const [name, value] of Object.entries(error.values).slice(0, MAX_ERROR_VALUES)) {
    values[name] = typeof value === 'bigint' ? { bigint: value.toString() } : value;
  }
  return { code: error.code, values, remedy: error.remedy };
}

function valuesOf(plain: unknown): ErrorValues {
  const values: Record<string, string | number | bigint | boolean> = {};
  for (const [name, value] of Object.entries(recordOf(plain))) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      values[name] = value;
      continue;
    }
    const digits = isRecord(value) ? value['bigint'] : undefined;
    if (typeof digits !== 'string' || !/^-?\d{1,78}$/.test(digits)) {
      throw messageInvalid('a value of an error is not plain');
    }
    values[name] = BigInt(digits);
  }
  return values;
}

function recordOf(value: unknown): Record<string, unknown> {
  if (!isRecord(value) || Object.keys(value).length > MAX_ERROR_VALUES) {
    throw messageInvalid('the values of an error are not plain');
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_ERROR_LETTERS) return value;
  throw messageInvalid('a text of an error is missing or too long');
}
