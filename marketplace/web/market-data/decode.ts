import { MarketDataError } from './market-data-error.ts';

/** Reads a value of an answer, or refuses it. @param field where it stands, e.g. `nodes[3].region` */
export type Decoder<T> = (value: unknown, field: string) => T;

/** What a decoder reads. */
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

/** Longest text that is read of any field. */
const MAX_TEXT_LENGTH = 4_096;
/** Most entries of a list that is not told its own limit. */
const DEFAULT_MAX_ENTRIES = 1_000;
/** Decimal digits of 2¹²⁸, the largest amount of the contracts. */
const WEI = /^\d{1,39}$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const BYTES32 = /^0x[0-9a-fA-F]{64}$/;

/** An object of which the named fields are read; others are passed over, for the interface may grow. */
export function object<S extends Readonly<Record<string, Decoder<unknown>>>>(
  shape: S,
): Decoder<{ readonly [K in keyof S]: Decoded<S[K]> }> {
  const fields = Object.entries(shape);
  return (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw invalid(field, 'an object');
    const source = new Map(Object.entries(value));
    const read = fields.map(([name, decode]) => [name, decode(source.get(name), `${field}.${name}`)]);
    return Object.fromEntries(read) as { readonly [K in keyof S]: Decoded<S[K]> };
  };
}

/** @param maxEntries a longer list is refused. @default 1000 */
export function list<T>(entry: Decoder<T>, maxEntries = DEFAULT_MAX_ENTRIES): Decoder<readonly T[]> {
  return (value, field) => {
    if (!Array.isArray(value) || value.length > maxEntries) {
      throw invalid(field, `a list of at most ${maxEntries} entries`);
    }
    return value.map((one, index) => entry(one, `${field}[${index}]`));
  };
}

/** Null and a field that is not there are both null. */
export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value, field) => (value === null || value === undefined ? null : decode(value, field));
}

/** Stands in for a field that is not there. */
export function otherwise<T>(decode: Decoder<T>, fallback: T): Decoder<T> {
  return (value, field) => (value === undefined ? fallback : decode(value, field));
}

export function oneOf<const T extends string>(...options: readonly T[]): Decoder<T> {
  return (value, field) => {
    const found = options.find((option) => option === value);
    if (found === undefined) throw invalid(field, options.join(' or '));
    return found;
  };
}

/** An object whose fields are named by what they tell of: counts by constraint, arguments by name. */
export function record<T>(entry: Decoder<T>, maxEntries = 64): Decoder<Readonly<Record<string, T>>> {
  return (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw invalid(field, 'an object');
    const entries = Object.entries(value);
    if (entries.length > maxEntries) throw invalid(field, `at most ${maxEntries} fields`);
    return Object.fromEntries(entries.map(([name, one]) => [name, entry(one, `${field}.${name}`)]));
  };
}

export const text: Decoder<string> = (value, field) => {
  if (typeof value === 'string' && value.length <= MAX_TEXT_LENGTH) return value;
  throw invalid(field, `a text of at most ${MAX_TEXT_LENGTH} characters`);
};

export const flag: Decoder<boolean> = (value, field) => {
  if (typeof value === 'boolean') return value;
  throw invalid(field, 'true or false');
};

/** A whole number from 0. */
export const count: Decoder<number> = (value, field) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(field, 'a whole number');
};

/** Bytes: a number, or decimal digits where they may pass 2⁵³. */
export const bytes: Decoder<bigint> = (value, field) => {
  if (typeof value === 'number') return BigInt(count(value, field));
  return wei(value, field);
};

export const number: Decoder<number> = (value, field) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(field, 'a number');
};

/** Unix seconds or a span of seconds, perhaps with a fraction. */
export const seconds: Decoder<number> = (value, field) => {
  const read = number(value, field);
  if (read >= 0) return read;
  throw invalid(field, 'seconds');
};

/** Tokens are decimal strings, never numbers. */
export const wei: Decoder<bigint> = (value, field) => {
  if (typeof value === 'string' && WEI.test(value)) return BigInt(value);
  throw invalid(field, 'an amount in wei as decimal digits');
};

export const address: Decoder<string> = (value, field) => {
  if (typeof value === 'string' && ADDRESS.test(value)) return value.toLowerCase();
  throw invalid(field, 'an address');
};

export const bytes32: Decoder<string> = (value, field) => {
  if (typeof value === 'string' && BYTES32.test(value)) return value.toLowerCase();
  throw invalid(field, '32 bytes in hexadecimal');
};

function invalid(field: string, expected: string): MarketDataError {
  return new MarketDataError('ANSWER_INVALID', `The marketplace's answer is not as described: ${field}.`, {
    values: { field, expected },
    remedy: 'Reload the page; if it stays so, the pages and the marketplace are of different versions.',
  });
}
