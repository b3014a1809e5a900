import { below, RandomStreams, type Random } from '../../measuring/random-streams.ts';

/** What disturbs the popularity that a trace follows. */
export type Disturbance = 'none' | 'scan' | 'one-hit' | 'shift';
export const DISTURBANCES: readonly Disturbance[] = ['none', 'scan', 'one-hit', 'shift'];

/** A scan begins after so many requests … */
const SCAN_EVERY_REQUESTS = 20_000;
/** … and reads so many neighbouring objects, as a crawler or a backup does. */
const SCAN_OBJECTS = 4_000;
/** Share of the requests of a trace with one-hit wonders that name an object nobody asks for again. */
const ONE_HIT_SHARE = 0.2;
/** So often during a trace with shifts the most popular objects give way to others … */
const SHIFTS = 10;
/** … which is this share of the catalogue. */
const SHIFTED_SHARE = 0.02;

const MIN_OBJECT_BYTES = 1_024;
const MAX_OBJECT_BYTES = 1_048_576;

export interface TraceOptions {
  readonly objects: number;
  readonly requests: number;
  /** Exponent of Zipf's law: the object of rank r is asked for in proportion to r^-alpha. */
  readonly alpha: number;
  readonly disturbance: Disturbance;
  readonly seed: number;
}

/** Requests in order, with what each object weighs. */
export interface Trace {
  readonly requests: Uint32Array;
  readonly objectBytes: Float64Array;
  /** Bytes of the objects that Zipf's law speaks of, without one-hit wonders. */
  readonly catalogueBytes: number;
}

/** Makes a trace; the same options give the same one on every machine. */
export function makeTrace(options: TraceOptions): Trace {
  const streams = new RandomStreams(options.seed);
  const drawRank = zipf(options, streams.stream('ranks'));
  const requests = new Uint32Array(options.requests);
  const objectOfRank = shuffled(options.objects, streams.stream('names'));
  const disturb = disturbance(options, objectOfRank, streams.stream('disturbance'));
  let wonders = 0;
  for (let at = 0; at < options.requests; at++) {
    const other = disturb(at);
    if (other === 'wonder') requests[at] = options.objects + wonders++;
    else requests[at] = other ?? objectOfRank[drawRank()] ?? 0;
  }
  const objectBytes = drawSizes(options.objects + wonders, streams.stream('sizes'));
  const catalogueBytes = objectBytes.subarray(0, options.objects).reduce((sum, bytes) => sum + bytes, 0);
  return { requests, objectBytes, catalogueBytes };
}

/** What a request names instead of what Zipf's law draws; undefined to leave it alone. */
function disturbance(
  { objects, requests, disturbance: kind }: TraceOptions,
  objectOfRank: Uint32Array,
  random: Random,
): (at: number) => number | 'wonder' | undefined {
  let scanFrom = 0;
  const shiftEvery = Math.ceil(requests / (SHIFTS + 1));
  return (at) => {
    if (kind === 'one-hit') return random() < ONE_HIT_SHARE ? 'wonder' : undefined;
    if (kind === 'scan') {
      const place = at % SCAN_EVERY_REQUESTS;
      if (place === SCAN_EVERY_REQUESTS - SCAN_OBJECTS) scanFrom = below(random, objects);
      const scanned = place - (SCAN_EVERY_REQUESTS - SCAN_OBJECTS);
      return scanned < 0 ? undefined : (scanFrom + scanned) % objects;
    }
    if (kind === 'shift' && at > 0 && at % shiftEvery === 0) shift(objectOfRank, random);
    return undefined;
  };
}

/** The first ranks change places with ranks drawn from all. */
function shift(objectOfRank: Uint32Array, random: Random): void {
  const moved = Math.ceil(objectOfRank.length * SHIFTED_SHARE);
  for (let rank = 0; rank < moved; rank++) swap(objectOfRank, rank, below(random, objectOfRank.length));
}

function shuffled(count: number, random: Random): Uint32Array {
  const names = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) swap(names, i, below(random, i + 1));
  return names;
}

function swap(names: Uint32Array, a: number, b: number): void {
  const kept = names[a] ?? 0;
  names[a] = names[b] ?? 0;
  names[b] = kept;
}

/** Draws ranks by inverting the cumulative distribution. */
function zipf({ objects, alpha }: TraceOptions, random: Random): () => number {
  const cumulative = new Float64Array(objects);
  let sum = 0;
  for (let rank = 0; rank < objects; rank++) cumulative[rank] = sum += (rank + 1) ** -alpha;
  return () => {
    const target = random() * sum;
    let low = 0;
    let high = objects - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) < target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Sizes spread evenly over their orders of magnitude, independent of popularity. */
function drawSizes(count: number, random: Random): Float64Array {
  const orders = Math.log(MAX_OBJECT_BYTES / MIN_OBJECT_BYTES);
  return Float64Array.from({ length: count }, () =>
    Math.round(MIN_OBJECT_BYTES * Math.exp(random() * orders)),
  );
}
