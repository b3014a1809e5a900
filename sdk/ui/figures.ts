/** How amounts are written on every page and in every command: exact where money is, rounded where a person compares. */

const WEI_PER_TOKEN = 10n ** 18n;
const TOKEN_DECIMALS = 18;
/** Significant digits that are left of an amount too small for four places. */
const SMALL_AMOUNT_DIGITS = 3;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
/** Name of the token in front of people. */
export const TOKEN_SYMBOL = 'BCDN';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;

/**
 * Tokens of an amount in wei, truncated towards zero so that nobody is shown more than there is.
 * @param decimals places after the point, 0 to 18; trailing zeros are left out. @default 4
 */
export function tokenText(wei: bigint, decimals = 4): string {
  const magnitude = wei < 0n ? -wei : wei;
  const fraction = (magnitude % WEI_PER_TOKEN).toString().padStart(TOKEN_DECIMALS, '0').slice(0, decimals);
  const whole = (magnitude / WEI_PER_TOKEN).toString();
  const shown = fraction.replace(/0+$/, '');
  return `${wei < 0n ? '−' : ''}${whole}${shown === '' ? '' : `.${shown}`}`;
}

/** Every digit of an amount, with the token's name: `1,234.5 BCDN`. */
export function exactAmountText(wei: bigint): string {
  return `${withThousands(tokenText(wei, TOKEN_DECIMALS))} ${TOKEN_SYMBOL}`;
}

/**
 * An amount for reading beside others: four places, or the first three digits of one that is smaller. Truncated, never
 * rounded up; an amount that is not nothing is never shown as 0.
 */
export function amountText(wei: bigint): string {
  return `${withThousands(tokenText(wei, shortDecimals(wei)))} ${TOKEN_SYMBOL}`;
}

function shortDecimals(wei: bigint): number {
  const magnitude = wei < 0n ? -wei : wei;
  if (magnitude >= WEI_PER_TOKEN / 100n || magnitude === 0n) return 4;
  const leadingZeros = TOKEN_DECIMALS - magnitude.toString().length;
  return Math.min(TOKEN_DECIMALS, leadingZeros + SMALL_AMOUNT_DIGITS);
}

/**
 * Wei of an amount that a person typed in tokens, or undefined if it is none.
 * @param text digits with at most one point; commas and spaces between digits are allowed
 */
export function parseTokens(text: string): bigint | undefined {
  const match = /^(\d{1,21})(?:\.(\d{1,18}))?$/.exec(text.replaceAll(/[\s,]/g, ''));
  if (match === null) return undefined;
  return BigInt(match[1] ?? '0') * WEI_PER_TOKEN + BigInt((match[2] ?? '').padEnd(TOKEN_DECIMALS, '0'));
}

/** Bytes in the largest binary unit that leaves at least one, three significant digits. */
export function byteText(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1_024 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? 'B'}`;
}

/** Every digit of a number of bytes: `1,048,576 bytes`. */
export function exactByteText(bytes: number | bigint): string {
  const count = BigInt(bytes);
  return `${withThousands(count.toString())} ${count === 1n ? 'byte' : 'bytes'}`;
}

/** A whole number with thousands set apart. */
export function countText(count: number | bigint): string {
  return withThousands(count.toString());
}

/** A number of things in words: `1 node`, `3 nodes`. */
export function countedText(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** A duration in its two largest units: `2 days 3 h`, `4 min`, `12 s`. @param seconds not negative */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'without end';
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / DAY_SECONDS);
  const hours = Math.floor((whole % DAY_SECONDS) / HOUR_SECONDS);
  const minutes = Math.floor((whole % HOUR_SECONDS) / MINUTE_SECONDS);
  if (days >= 3_650) return 'more than 10 years';
  if (days >= 60) return countedText(days, 'day');
  if (days > 0) return joined(countedText(days, 'day'), hours > 0 ? `${hours} h` : '');
  if (hours > 0) return joined(`${hours} h`, minutes > 0 ? `${minutes} min` : '');
  if (minutes > 0) return joined(`${minutes} min`, minutes < 5 ? `${whole % MINUTE_SECONDS} s` : '');
  return seconds > 0 && seconds < 1 ? 'less than 1 s' : `${whole} s`;
}

/** How long ago something was, or how long it is until then. @param at and @param now Unix seconds */
export function distanceText(at: number, now: number): string {
  const seconds = now - at;
  if (Math.abs(seconds) < 2) return 'just now';
  return seconds > 0 ? `${durationText(seconds)} ago` : `in ${durationText(-seconds)}`;
}

/** Bytes of each second: `1.25 MiB/s`. */
export function rateText(bytesPerSecond: number): string {
  return `${byteText(Math.max(0, bytesPerSecond))}/s`;
}

/** `50 %`; `–` where there is no whole. */
export function shareText(part: number, whole: number): string {
  return whole > 0 ? `${Math.round((part / whole) * 100)} %` : '–';
}

/** The way a shortage is said everywhere. */
export function shortageText(need: string, have: string): string {
  return `You need ${need} and have ${have}.`;
}

/** Enough of an address, hash or CID to tell it from others: `0x1234…cdef`. */
export function shortIdentifier(identifier: string): string {
  return identifier.length <= 14 ? identifier : `${identifier.slice(0, 6)}…${identifier.slice(-4)}`;
}

function joined(first: string, second: string): string {
  return second === '' ? first : `${first} ${second}`;
}

function withThousands(digits: string): string {
  const [whole = '', fraction] = digits.split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
