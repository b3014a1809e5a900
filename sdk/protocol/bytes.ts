import { bytesToHex as nobleBytesToHex, hexToBytes as nobleHexToBytes } from '@noble/hashes/utils.js';

import { ProtocolError } from './errors.ts';
import { MAX_UINT32, MAX_UINT64 } from './limits.ts';

/** A hexadecimal string with its `0x` prefix. */
export type Hex = `0x${string}`;

const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;
const BASE64URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** By the code of a letter: its six bits, or NO_LETTER. Every paid request brings some five hundred letters. */
const BASE64URL_VALUES = new Uint8Array(128).fill(0xff);
[...BASE64URL_ALPHABET].forEach((letter, value) => (BASE64URL_VALUES[letter.charCodeAt(0)] = value));
const NO_LETTER = 0xff;

/** Lower-case hexadecimal with a `0x` prefix. */
export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${nobleBytesToHex(bytes)}`;
}

/**
 * Bytes of a `0x`-prefixed hexadecimal string.
 * @param expectedLength exact number of bytes, if one is required
 * @throws ProtocolError HEX_INVALID, LENGTH_INVALID
 */
export function hexToBytes(hex: string, expectedLength?: number): Uint8Array {
  if (!HEX.test(hex)) {
    throw new ProtocolError('HEX_INVALID', 'Expected 0x and an even number of hexadecimal digits.', {
      length: hex.length,
    });
  }
  const bytes = nobleHexToBytes(hex.slice(2));
  if (expectedLength !== undefined) requireLength(bytes, expectedLength);
  return bytes;
}

/** @throws ProtocolError LENGTH_INVALID unless there are exactly `expected` bytes */
export function requireLength(bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) {
    throw new ProtocolError('LENGTH_INVALID', `Expected ${expected} bytes, got ${bytes.length}.`, {
      expected,
      actual: bytes.length,
    });
  }
}

/** A copy that shares nothing with its source. `slice()` is no copy where the platform's byte type is a view (Node's Buffer). */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && compareBytes(a, b) === 0);
}

/** Lexicographic order: negative, zero or positive. A prefix comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** UTF-8 bytes of a well-formed string; a lone surrogate becomes U+FFFD as everywhere on the web. */
export function utf8ToBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text.toWellFormed()) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), continuation(point));
    else if (point < 0x1_0000)
      bytes.push(0xe0 | (point >> 12), continuation(point >> 6), continuation(point));
    else
      bytes.push(
        0xf0 | (point >> 18),
        continuation(point >> 12),
        continuation(point >> 6),
        continuation(point),
      );
  }
  return Uint8Array.from(bytes);
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

/** @throws ProtocolError UTF8_INVALID for anything but shortest-form UTF-8 (RFC 3629) */
export function bytesToUtf8(bytes: Uint8Array): string {
  let text = '';
  let i = 0;
  while (i < bytes.length) {
    const [point, length] = readCodePoint(bytes, i);
    text += String.fromCodePoint(point);
    i += length;
  }
  return text;
}

/** Smallest code point that needs a sequence of (index) bytes: a shorter form must be used below it. */
const SMALLEST_POINT = [0, 0, 0x80, 0x800, 0x1_0000];

function readCodePoint(bytes: Uint8Array, offset: number): [point: number, length: number] {
  const first = bytes[offset] ?? 0;
  if (first < 0x80) return [first, 1];
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  let point = first & (0xff >> (length + 1));
  let valid = first >= 0xc2 && first <= 0xf4 && offset + length <= bytes.length;
  for (let i = 1; valid && i < length; i++) {
    const next = bytes[offset + i] ?? 0;
    valid = (next & 0xc0) === 0x80;
    point = (point << 6) | (next & 0x3f);
  }
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  if (!valid || surrogate || point > 0x10_ffff || point < (SMALLEST_POINT[length] ?? 0)) {
    throw new ProtocolError('UTF8_INVALID', `Not UTF-8 at byte ${offset}.`, { offset });
  }
  return [point, length];
}

/** Base64url without padding (RFC 4648, section 5). */
export function base64UrlEncode(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const letters = Math.min(4, bytes.length - i + 1);
    for (let letter = 0; letter < letters; letter++) {
      text += BASE64URL_ALPHABET.charAt((group >> (18 - 6 * letter)) & 63);
    }
  }
  return text;
}

/** @throws ProtocolError BASE64URL_INVALID, also for non-canonical trailing bits */
export function base64UrlDecode(text: string): Uint8Array {
  if (text.length % 4 === 1) throw notBase64Url(text);
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let group = 0;
  let bits = 0;
  let offset = 0;
  for (let i = 0; i < text.length; i++) {
    const value = BASE64URL_VALUES[text.charCodeAt(i)] ?? NO_LETTER;
    if (value === NO_LETTER) throw notBase64Url(text);
    group = ((group << 6) | value) & 0xff_ffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[offset++] = group >> bits;
    }
  }
  if ((group & ((1 << bits) - 1)) !== 0) {
    throw new ProtocolError('BASE64URL_INVALID', 'The last letter carries bits that belong to no byte.', {
      length: text.length,
    });
  }
  return bytes;
}

function notBase64Url({ length }: string): ProtocolError {
  return new ProtocolError('BASE64URL_INVALID', 'Expected base64url without padding.', { length });
}

/** @throws ProtocolError INTEGER_OUT_OF_RANGE */
export function uint32ToBytes(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > MAX_UINT32) {
    throw new ProtocolError('INTEGER_OUT_OF_RANGE', `Expected a uint32, got ${value}.`, { value });
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** @throws ProtocolError INTEGER_OUT_OF_RANGE */
export function uint64ToBytes(value: bigint): Uint8Array {
  return uintToBytes(value, 8, MAX_UINT64);
}

/** Big-endian unsigned integer of `length` bytes. @throws ProtocolError INTEGER_OUT_OF_RANGE */
export function uintToBytes(
  value: bigint,
  length: number,
  max = (1n << BigInt(8 * length)) - 1n,
): Uint8Array {
  if (value < 0n || value > max) {
    throw new ProtocolError(
      'INTEGER_OUT_OF_RANGE',
      `Expected 0 to ${max.toString()}, got ${value.toString()}.`,
      {
        value,
        max,
      },
    );
  }
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0 && rest > 0n; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** @throws ProtocolError LENGTH_INVALID when fewer than four bytes are left at `offset` */
export function readUint32(bytes: Uint8Array, offset = 0): number {
  requireLength(bytes.subarray(offset, offset + 4), 4);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

/** @throws ProtocolError LENGTH_INVALID when fewer than eight bytes are left at `offset` */
export function readUint64(bytes: Uint8Array, offset = 0): bigint {
  requireLength(bytes.subarray(offset, offset + 8), 8);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset);
}

/** Big-endian unsigned integer of the whole slice. */
export function readUint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes));
}
