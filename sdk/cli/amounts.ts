/** Units of sizes in settings: powers of 1024 with i, of 1000 without. */
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

const SIZE = /^(\d{1,15}(?:\.\d{1,3})?)\s*([KMGT]?I?B?)$/;

/** Bytes of a size such as `10GiB`, `500MB` or `1048576`; undefined when it is none or beyond safe integers. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim().toUpperCase());
  if (match === null) return undefined;
  const unit = SIZE_UNITS[match[2] ?? ''];
  if (unit === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size for people: at most one decimal, binary units. */
export function formatSize(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let index = 0;
  while (value >= 1024 && index < names.length - 1) {
    value /= 1024;
    index++;
  }
  const digits = index === 0 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${names[index] ?? 'B'}`;
}

const WEI_PER_TOKEN = 10n ** 18n;

/** An amount of tokens for people: all digits that matter, no rounding. */
export function formatTokens(wei: bigint): string {
  const sign = wei < 0n ? '-' : '';
  const amount = wei < 0n ? -wei : wei;
  const fraction = (amount % WEI_PER_TOKEN).toString().padStart(18, '0').replace(/0+$/, '');
  const whole = (amount / WEI_PER_TOKEN).toString();
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`} BCDN`;
}

const AMOUNT = /^(\d{1,21})(?:\.(\d{1,18}))?\s*(BCDN|WEI)$/;

/** Wei of an amount such as `2.5BCDN` or `700wei`; undefined without a unit, which would be taken for the other one. */
export function parseTokens(text: string): bigint | undefined {
  const match = AMOUNT.exec(text.trim().toUpperCase());
  const [, whole, fraction = '', unit] = match ?? [];
  if (whole === undefined) return undefined;
  if (unit === 'WEI') return fraction === '' ? BigInt(whole) : undefined;
  return BigInt(whole) * WEI_PER_TOKEN + BigInt(fraction.padEnd(18, '0'));
}
