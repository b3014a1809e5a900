import { parseTokens } from '../../../sdk/ui/figures.ts';
import type { QuoteWish } from '../market-data/quotes.ts';

export const SIZE_UNITS = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
export type SizeUnit = keyof typeof SIZE_UNITS;

/** Largest sizes that the marketplace plans for. */
const MAX_BYTES = 2 ** 50;
export const MAX_CALCULATED_REPLICAS = 16;
const MAX_DAYS = 3_650;
const MAX_VIEWERS = 1_000_000_000;

/** What stands in the fields of the calculator. */
export interface CalculatorFields {
  readonly size: string;
  readonly unit: SizeUnit;
  /** Whether delivery is told by viewers or by the amount. */
  readonly audience: 'viewers' | 'delivered';
  /** Viewers that fetch all of it. */
  readonly viewers: string;
  /** GiB that all viewers together fetch. */
  readonly deliveredGiB: string;
  readonly regions: readonly string[];
  readonly replicas: string;
  readonly days: string;
  /** Tokens per GiB; empty for no cap. */
  readonly priceCap: string;
}

export const INITIAL_FIELDS: CalculatorFields = {
  size: '20',
  unit: 'MiB',
  audience: 'viewers',
  viewers: '1000',
  deliveredGiB: '500',
  regions: [],
  replicas: '3',
  days: '30',
  priceCap: '',
};

export type FieldErrors = Partial<Readonly<Record<keyof CalculatorFields, string>>>;

/** What the fields ask for, or what is wrong with them. */
export type CalculatorWish =
  | { readonly wish: QuoteWish; readonly errors?: undefined }
  | { readonly wish?: undefined; readonly errors: FieldErrors };

/** Reads the fields. Viewers are taken to fetch all of the content once. */
export function wishOf(fields: CalculatorFields): CalculatorWish {
  const errors: Record<string, string> = {};
  const read = (
    name: keyof CalculatorFields,
    limit: { min: number; max: number; whole: boolean },
  ): number => {
    const value = numberOf(String(fields[name]));
    const isFine =
      value !== undefined &&
      value >= limit.min &&
      value <= limit.max &&
      (!limit.whole || Number.isInteger(value));
    if (!isFine) {
      const kind = limit.whole ? 'a whole number' : 'a number';
      errors[name] = `Enter ${kind} from ${limit.min} to ${limit.max.toLocaleString('en')}.`;
    }
    return value ?? 0;
  };
  const unitBytes = SIZE_UNITS[fields.unit];
  const bytes = Math.ceil(read('size', { min: 0.001, max: MAX_BYTES / unitBytes, whole: false }) * unitBytes);
  const expected =
    fields.audience === 'viewers'
      ? bytes * read('viewers', { min: 1, max: MAX_VIEWERS, whole: true })
      : Math.ceil(
          read('deliveredGiB', { min: 0.001, max: MAX_BYTES / SIZE_UNITS.GiB, whole: false }) *
            SIZE_UNITS.GiB,
        );
  const replicas = read('replicas', { min: 1, max: MAX_CALCULATED_REPLICAS, whole: true });
  const days = read('days', { min: 1, max: MAX_DAYS, whole: false });
  if (expected > MAX_BYTES) {
    errors[fields.audience === 'viewers' ? 'viewers' : 'deliveredGiB'] =
      'That is more than a pebibyte: plan it in parts.';
  }
  const cap = fields.priceCap.trim() === '' ? undefined : parseTokens(fields.priceCap);
  if (fields.priceCap.trim() !== '' && (cap === undefined || cap === 0n)) {
    errors['priceCap'] = 'Enter an amount such as 0.02, or leave it empty for no cap.';
  }
  if (Object.keys(errors).length > 0) return { errors };
  const regions = fields.regions.length === 0 ? {} : { regions: fields.regions };
  const capped = cap === undefined ? {} : { maxRatePerGiB: cap };
  return { wish: { bytes, expectedDeliveryBytes: expected, replicas, days, ...regions, ...capped } };
}

function numberOf(text: string): number | undefined {
  const trimmed = text.replaceAll(/[\s,]/g, '');
  return /^\d{1,15}(\.\d{1,6})?$/.test(trimmed) ? Number(trimmed) : undefined;
}
