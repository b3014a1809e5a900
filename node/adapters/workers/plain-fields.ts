import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { messageInvalid } from './worker-error.ts';

/** Fields of a message from another process, read one by one; whatever is not as it must be ends the channel. */
export class PlainFields {
  readonly #fields: Record<string, unknown>;

  /** @throws WorkerError MESSAGE_INVALID */
  constructor(message: unknown) {
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      throw messageInvalid('it has no fields');
    }
    this.#fields = message as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  text(name: string, maxLetters: number): string {
    const value = this.#fields[name];
    if (typeof value === 'string' && value.length <= maxLetters) return value;
    throw messageInvalid(`${name} is no text of at most ${maxLetters} letters`);
  }

  /** A whole number from 0 on. */
  count(name: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max) return value;
    throw messageInvalid(`${name} is no whole number up to ${max}`);
  }

  /** A whole number of either sign. */
  integer(name: string): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw messageInvalid(`${name} is no whole number`);
  }

  /** A number from 0 to 1. */
  share(name: string): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    throw messageInvalid(`${name} is no share`);
  }

  flag(name: string): boolean {
    const value = this.#fields[name];
    if (typeof value === 'boolean') return value;
    throw messageInvalid(`${name} is neither true nor false`);
  }

  bytes(name: string, maxBytes: number): Uint8Array {
    const text = this.text(name, Math.ceil(maxBytes / 3) * 4);
    return Buffer.from(text, 'base64');
  }

  list(name: string, maxItems: number): readonly unknown[] {
    const value = this.#fields[name];
    if (Array.isArray(value) && value.length <= maxItems) return value as readonly unknown[];
    throw messageInvalid(`${name} is no list of at most ${maxItems}`);
  }

  entries(max: number): readonly (readonly [string, unknown])[] {
    const entries = Object.entries(this.#fields);
    if (entries.length <= max) return entries;
    throw messageInvalid(`it has more than ${max} fields`);
  }

  fields(name: string): PlainFields {
    return new PlainFields(this.#fields[name]);
  }

  /** What a parser of the protocol makes of a text. */
  parsed<T>(name: string, maxLetters: number, parse: (text: string) => T): T {
    return valid(name, () => parse(this.text(name, maxLetters)));
  }
}

/** What a decoder of the protocol makes of a field. @throws WorkerError MESSAGE_INVALID where it refuses */
export function valid<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ProtocolError) throw messageInvalid(`${name}: ${error.code}`, error);
    throw error;
  }
}

/** Bytes as a message carries them. */
export function plainBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
