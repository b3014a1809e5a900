import { parseTokens } from '../../../sdk/ui/figures.ts';

/** What is asked for in the form, as it was typed: kept, so that a reload loses none of it. */
export interface Wishes {
  /** Codes; none means everywhere. */
  readonly regions: readonly string[];
  /** Viewers in all, each of whom fetches the whole content once. */
  readonly viewers: string;
  readonly peakViewers: string;
  /** Of one viewer, Mbit a second; empty for what is not played. */
  readonly bitrate: string;
  readonly days: string;
  readonly replicas: string;
  readonly serviceLevel: string;
  /** Most BCDN for a GiB; empty for no cap. */
  readonly priceCap: string;
}

export const FIRST_WISHES: Wishes = {
  ...{ regions: [], viewers: '100', peakViewers: '', bitrate: '', days: '30' },
  ...{ replicas: '3', serviceLevel: '0', priceCap: '' },
};

/** A quote as the marketplace is asked for it. */
export interface QuoteWish {
  readonly bytes: number;
  readonly expectedDeliveryBytes: number;
  readonly replicas: number;
  readonly serviceLevel: number;
  readonly regions?: readonly string[];
  readonly maxRatePerGiB?: string;
  readonly peakViewers?: number;
  readonly bitrate?: number;
  readonly days: number;
}

export type WishErrors = Partial<Record<keyof Wishes, string>>;

const MAX_REPLICAS = 32;
const MAX_VIEWERS = 1_000_000_000;
const MAX_DAYS = 36_500;
const MAX_SERVICE_LEVEL = 255;
const BITS_PER_MBIT = 1_000_000;

/** What was typed, as a question for the marketplace or as what is wrong with it, said beside each field. */
export function readWishes(
  wishes: Wishes,
  contentBytes: number,
): { readonly wish: QuoteWish } | { readonly errors: WishErrors } {
  const viewers = wholeNumber(wishes.viewers, 1, MAX_VIEWERS);
  const days = decimal(wishes.days, MAX_DAYS);
  const replicas = wholeNumber(wishes.replicas, 1, MAX_REPLICAS);
  const serviceLevel = wholeNumber(wishes.serviceLevel, 0, MAX_SERVICE_LEVEL);
  const peakViewers = optional(wishes.peakViewers, (text) => wholeNumber(text, 1, MAX_VIEWERS));
  const bitrate = optional(wishes.bitrate, (text) => decimal(text, BITS_PER_MBIT));
  const priceCap = optional(wishes.priceCap, parseTokens);
  const errors: WishErrors = {
    ...(viewers === undefined && { viewers: 'Enter a whole number of viewers, at least 1.' }),
    ...(days === undefined && { days: 'Enter a number of days above 0, for example 30.' }),
    ...(replicas === undefined && { replicas: `Enter a whole number from 1 to ${MAX_REPLICAS}.` }),
    ...(serviceLevel === undefined && { serviceLevel: 'Choose a service level.' }),
    ...(peakViewers === undefined && { peakViewers: 'Enter a whole number, or leave it empty.' }),
    ...(bitrate === undefined && { bitrate: 'Enter Mbit a second, for example 4.5, or leave it empty.' }),
    ...(priceCap === undefined && { priceCap: 'Enter BCDN for a GiB, for example 0.05, or leave it empty.' }),
  };
  if (viewers === undefined || days === undefined || replicas === undefined || serviceLevel === undefined)
    return { errors };
  if (peakViewers === undefined || bitrate === undefined || priceCap === undefined) return { errors };
  return {
    wish: {
      ...{ bytes: contentBytes, replicas, serviceLevel, days },
      expectedDeliveryBytes: Math.min(Number.MAX_SAFE_INTEGER, contentBytes * viewers),
      ...(wishes.regions.length > 0 && { regions: wishes.regions }),
      ...(priceCap !== 'none' && { maxRatePerGiB: priceCap.toString() }),
      ...(peakViewers !== 'none' && { peakViewers }),
      ...(bitrate !== 'none' && { bitrate: bitrate * BITS_PER_MBIT }),
    },
  };
}

/** Wishes as they were kept; fields that are none are those of the beginning. */
export function parseWishes(text: string | null): Wishes {
  try {
    const kept: unknown = JSON.parse(text ?? '{}');
    const fields = new Map(Object.entries(typeof kept === 'object' && kept !== null ? kept : {}));
    const textOf = (name: keyof Wishes, otherwise: string): string => {
      const value: unknown = fields.get(name);
      return typeof value === 'string' && value.length <= 32 ? value : otherwise;
    };
    const regions: unknown = fields.get('regions');
    return {
      regions: Array.isArray(regions)
        ? regions.filter((code): code is string => typeof code === 'string')
        : [],
      viewers: textOf('viewers', FIRST_WISHES.viewers),
      peakViewers: textOf('peakViewers', ''),
      bitrate: textOf('bitrate', ''),
      days: textOf('days', FIRST_WISHES.days),
      replicas: textOf('replicas', FIRST_WISHES.replicas),
      serviceLevel: textOf('serviceLevel', FIRST_WISHES.serviceLevel),
      priceCap: textOf('priceCap', ''),
    };
  } catch {
    // What was kept cannot be read: the form begins anew.
    return FIRST_WISHES;
  }
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,12}$/.test(text.trim())) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function decimal(text: string, max: number): number | undefined {
  if (!/^\d{1,6}(?:\.\d{1,6})?$/.test(text.trim())) return undefined;
  const value = Number(text);
  return value > 0 && value <= max ? value : undefined;
}

function optional<T>(text: string, read: (text: string) => T | undefined): T | 'none' | undefined {
  return text.trim() === '' ? 'none' : read(text);
}
