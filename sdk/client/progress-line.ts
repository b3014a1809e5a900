import type { FetchProgress } from './download-progress.ts';

const DEFAULT_COLUMNS = 80;
/** A bar shorter than this says nothing: it is left out. */
const MIN_BAR_COLUMNS = 6;
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/**
 * One line for a terminal, at most `columns` wide: share, bar, bytes, rate, time left, and from how many nodes.
 * Writing it, and returning the cursor, is the caller's. Pure.
 *
 * @param columns of the terminal @default 80
 * @example
 * process.stderr.write(`\r${progressLine(progress, process.stderr.columns)}`);
 */
export function progressLine(progress: FetchProgress, columns: number = DEFAULT_COLUMNS): string {
  const { bytes, totalBytes, bytesPerSecond, etaSeconds, sources } = progress;
  const share = totalBytes > 0 ? Math.min(1, bytes / totalBytes) : 0;
  const active = sources.filter((source) => source.bytesPerSecond !== undefined).length;
  const parts = [
    `${bytesText(bytes)} of ${bytesText(totalBytes)}`,
    `${bytesText(bytesPerSecond)}/s`,
    etaSeconds === undefined ? '--:--' : timeText(etaSeconds),
    `${active} ${active === 1 ? 'node' : 'nodes'}`,
  ];
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const figures = parts.join('  ');
  const barColumns = columns - percent.length - figures.length - 6;
  const line =
    barColumns >= MIN_BAR_COLUMNS
      ? `${percent}  [${bar(share, barColumns)}]  ${figures}`
      : `${percent}  ${figures}`;
  return line.slice(0, Math.max(0, columns));
}

function bar(share: number, columns: number): string {
  const filled = Math.floor(share * columns);
  return `${'#'.repeat(filled)}${'.'.repeat(columns - filled)}`;
}

/** Bytes in the largest unit that leaves at least one before the point: `1.4 GB`. */
export function bytesText(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** Time as a clock shows it: `0:09`, `1:02:33`. */
function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
  const twoDigits = (value: number): string => String(value).padStart(2, '0');
  const rest = twoDigits(whole % 60);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}
