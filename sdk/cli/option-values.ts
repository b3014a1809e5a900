import type { CID } from 'multiformats/cid';

import { parseCid } from '../protocol/content.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { parseAddress, parseDealId, type Address, type DealId } from '../protocol/identifiers.ts';
import { parseSize, parseTokens } from './amounts.ts';
import { CliError } from './cli-error.ts';

/** Prefixes of bits are decimal (IEC 80000-13). */
const BITS_PER_UNIT: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };
/** Most that a marketplace takes, bits a second. */
const MAX_BITRATE = 1e12;

/** Of what was given, in a message. */
const MAX_SHOWN_LETTERS = 100;

/** A size such as `100GiB`, bytes. @throws CliError OPTION_INVALID */
export function sizeOf(flag: string, text: string): bigint {
  const bytes = parseSize(text);
  if (bytes !== undefined) return BigInt(bytes);
  throw invalid(flag, text, 'Give a size such as 100GiB, 500MB or 1048576.');
}

/** An amount such as `40BCDN`, wei. @throws CliError OPTION_INVALID */
export function tokensOf(flag: string, text: string): bigint {
  const wei = parseTokens(text);
  if (wei !== undefined) return wei;
  throw invalid(flag, text, 'Give an amount with its unit, such as 40BCDN, 0.5BCDN or 700wei.');
}

/** A whole number within limits. @throws CliError OPTION_INVALID */
export function countOf(
  flag: string,
  text: string,
  limits: { readonly min: number; readonly max: number },
): number {
  const count = Number(text);
  if (/^\d{1,15}$/.test(text) && count >= limits.min && count <= limits.max) return count;
  throw invalid(flag, text, `Give a whole number from ${limits.min} to ${limits.max}.`);
}

/** A bitrate such as `4.5Mbit` or `800kbit`, bits a second. @throws CliError OPTION_INVALID */
export function bitrateOf(flag: string, text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)([kMG]?)bit$/.exec(text);
  const bits = Number(match?.[1]) * (BITS_PER_UNIT[match?.[2] ?? ''] ?? 1);
  if (bits > 0 && bits <= MAX_BITRATE) return bits;
  throw invalid(flag, text, 'Give bits a second with their unit, such as 4.5Mbit or 800kbit.');
}

/** A number of days, fractions too. @throws CliError OPTION_INVALID */
export function daysOf(flag: string, text: string): number {
  const days = Number(text);
  if (/^\d{1,5}(\.\d{1,6})?$/.test(text) && days > 0) return days;
  throw invalid(flag, text, 'Give a number of days above zero, such as 30.');
}

/** Region codes, separated by commas. @throws CliError OPTION_INVALID */
export function regionsOf(flag: string, text: string): readonly string[] {
  const regions = text.split(',').map((region) => region.trim());
  if (regions.every((region) => /^[a-z0-9-]{1,8}$/.test(region))) return regions;
  throw invalid(flag, text, 'Give region codes such as eu-west,us-east.');
}

/** A content's CID. @throws CliError OPTION_INVALID */
export function cidOf(flag: string, text: string): CID {
  return decoded(
    parseCid,
    flag,
    text,
    'Give the CID as `bcdn publish` printed it: bafy… with all its letters.',
  );
}

/** A deal's id. @throws CliError OPTION_INVALID */
export function dealIdOf(flag: string, text: string): DealId {
  return decoded(parseDealId, flag, text, 'Give 0x and 64 digits; `bcdn deal list` shows your deals.');
}

/** An account's address. @throws CliError OPTION_INVALID */
export function addressOf(flag: string, text: string): Address {
  return decoded(parseAddress, flag, text, 'Give an address: 0x and 40 digits.');
}

function decoded<T>(decode: (text: string) => T, ...[flag, text, remedy]: [string, string, string]): T {
  try {
    return decode(text);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw invalid(flag, text, remedy);
  }
}

function invalid(flag: string, text: string, remedy: string): CliError {
  return new CliError(
    'OPTION_INVALID',
    `${flag} does not take ${JSON.stringify(text.slice(0, MAX_SHOWN_LETTERS))}.`,
    {
      values: { flag, text },
      remedy,
    },
  );
}
