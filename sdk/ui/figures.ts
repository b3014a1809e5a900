/** How amounts are written on every page and in every command: exact where money is, rounded where a person compares. */

const WEI_PER_TOKEN = 10n ** 18n;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/**
 * Tokens of an amount in wei, truncated towards zero so that nobody is shown more than there is.
 * @param decimals places after the point, 0 to 18; trailing zeros are left out. @default 4
 */
export function tokenText(wei: bigint, decimals = 4): string {
  const magnitude = wei < 0n ? -wei : wei;
  const fraction = (magnitude % WEI_PER_TOKEN).toString().padStart(18, '0').slice(0, decimals);
  const whole = (magnitude / WEI_PER_TOKEN).toString();
  const shown = fraction.replace(/0+$/, '');
  return `${wei < 0n ? '−' : ''}${whole}${shown === '' ? '' : `.${shown}`}`;
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
