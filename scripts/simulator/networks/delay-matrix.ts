import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { below, type Random } from '../../measuring/random-streams.ts';
import { percentile, rising } from '../../measuring/percentile.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { NetworkModel } from './network-model.ts';

/** Sites in one file. */
const MAX_SITES = 5_000;
/** Bytes of a file after unpacking. */
const MAX_FILE_BYTES = 512 * 1_048_576;
const MAX_RTT_MS = 60_000;
/** Between two nodes of one site. */
const SAME_SITE_MS = 1;
/** Sites are grouped into so many regions around sites that are far from each other. */
const REGIONS = 6;

/** Measured round trips between sites; every node stands at one of them. A missing pair takes the other direction, else the median. */
export class DelayMatrix implements NetworkModel {
  readonly description: string;
  readonly jitterMs: number;
  readonly sites: number;
  readonly #rttsMs: Float64Array;
  readonly #regions: readonly number[];

  /** @param rttsMs row by row; NaN where nothing was measured */
  constructor(rttsMs: Float64Array, sites: number, jitterMs = 0) {
    this.#rttsMs = completed(rttsMs, sites);
    this.sites = sites;
    this.jitterMs = jitterMs;
    this.#regions = regionsOf(this.#rttsMs, sites);
    const medianMs = percentile(rising(this.#rttsMs), 0.5);
    this.description = `measured delays between ${sites} sites, median ${medianMs.toFixed(1)} ms, jitter up to ${jitterMs} ms a way`;
  }

  place(random: Random): number {
    return below(random, this.sites);
  }

  regionOf(place: number): string {
    return `region-${this.#regions[place] ?? 0}`;
  }

  rttMs(a: number, b: number): number {
    return this.#rttsMs[a * this.sites + b] ?? SAME_SITE_MS;
  }
}

/**
 * Reads round trips in milliseconds: a square table separated by tabs without a header (row from, column to), or lines
 * `from,to,ms` with or without a header and further columns. `.gz` is unpacked.
 * @throws SimulatorError DELAYS_UNREADABLE, DELAYS_INVALID
 */
export function readDelayMatrix(path: string, jitterMs = 0): DelayMatrix {
  let text: string;
  try {
    const bytes = readFileSync(path);
    const unpacked = path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }) : bytes;
    text = unpacked.toString('utf8');
  } catch (cause) {
    const message = `The delays in ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new SimulatorError('DELAYS_UNREADABLE', message, { path }, cause);
  }
  return parseDelays(text, jitterMs);
}

/** @throws SimulatorError DELAYS_INVALID */
export function parseDelays(text: string, jitterMs = 0): DelayMatrix {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const isTable = (lines[0] ?? '').includes('\t');
  return isTable ? fromTable(lines, jitterMs) : fromPairs(lines, jitterMs);
}

function fromTable(lines: readonly string[], jitterMs: number): DelayMatrix {
  const sites = requireSites(lines.length);
  const rttsMs = new Float64Array(sites * sites).fill(Number.NaN);
  lines.forEach((line, row) => {
    const cells = line.split('\t');
    // Some tools end each line with a separator.
    if (cells.length === sites + 1 && cells.at(-1)?.trim() === '') cells.pop();
    if (cells.length !== sites) {
      throw new SimulatorError(
        'DELAYS_INVALID',
        `Line ${row + 1} has ${cells.length} values, not ${sites}.`,
        {
          line: row + 1,
          values: cells.length,
          expected: sites,
        },
      );
    }
    cells.forEach((cell, column) => (rttsMs[row * sites + column] = parseRtt(cell, row + 1)));
  });
  return new DelayMatrix(rttsMs, sites, jitterMs);
}

function fromPairs(lines: readonly string[], jitterMs: number): DelayMatrix {
  const rows = lines.map((line) => line.split(','));
  const measured = rows.filter((cells, i) => i > 0 || Number.isFinite(Number(cells[2])));
  const names = new Map<string, number>();
  for (const [from = '', to = ''] of measured) {
    for (const name of [from, to]) if (!names.has(name)) names.set(name, names.size);
  }
  const sites = requireSites(names.size);
  const rttsMs = new Float64Array(sites * sites).fill(Number.NaN);
  measured.forEach(([from = '', to = '', rtt = ''], i) => {
    rttsMs[(names.get(from) ?? 0) * sites + (names.get(to) ?? 0)] = parseRtt(rtt, i + 1);
  });
  return new DelayMatrix(rttsMs, sites, jitterMs);
}

function requireSites(sites: number): number {
  if (sites >= 2 && sites <= MAX_SITES) return sites;
  throw new SimulatorError(
    'DELAYS_INVALID',
    `The delays name ${sites} sites; 2 to ${MAX_SITES} are possible.`,
    {
      sites,
      max: MAX_SITES,
    },
  );
}

/** NaN for an empty cell. */
function parseRtt(cell: string, line: number): number {
  const text = cell.trim();
  if (text === '' || text.toLowerCase() === 'nan') return Number.NaN;
  const value = Number(text);
  if (!Number.isNaN(value) && value >= 0 && value <= MAX_RTT_MS) return value;
  throw new SimulatorError('DELAYS_INVALID', `Line ${line} has "${text}" where milliseconds belong.`, {
    line,
  });
}

function completed(measured: Float64Array, sites: number): Float64Array {
  const isMeasured = (value: number | undefined): value is number => value !== undefined && value > 0;
  const known = rising([...measured].filter((value) => isMeasured(value)));
  const medianMs = percentile(known, 0.5);
  if (Number.isNaN(medianMs))
    throw new SimulatorError('DELAYS_INVALID', 'No round trip is above zero.', { sites });
  const rttsMs = new Float64Array(sites * sites);
  for (let a = 0; a < sites; a++) {
    for (let b = 0; b < sites; b++) {
      const there = measured[a * sites + b];
      const back = measured[b * sites + a];
      const value = isMeasured(there) ? there : isMeasured(back) ? back : medianMs;
      rttsMs[a * sites + b] = a === b ? SAME_SITE_MS : value;
    }
  }
  return rttsMs;
}

/** Sites far from each other, found one after another; every other site belongs to the nearest of them. */
function regionsOf(rttsMs: Float64Array, sites: number): number[] {
  const rtt = (a: number, b: number): number => rttsMs[a * sites + b] ?? 0;
  const nearestMs = Array.from({ length: sites }, () => Infinity);
  const regions = Array.from({ length: sites }, () => 0);
  let centre = 0;
  for (let region = 0; region < Math.min(REGIONS, sites); region++) {
    for (let site = 0; site < sites; site++) {
      if (rtt(site, centre) >= (nearestMs[site] ?? Infinity)) continue;
      nearestMs[site] = rtt(site, centre);
      regions[site] = region;
    }
    for (let site = 0; site < sites; site++)
      if ((nearestMs[site] ?? 0) > (nearestMs[centre] ?? 0)) centre = site;
  }
  return regions;
}
