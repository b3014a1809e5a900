import { below, exponential, type Random } from '../../measuring/random-streams.ts';
import { CITIES, type City } from './cities.ts';
import type { NetworkModel } from './network-model.ts';

/** Light in fibre: two thirds of its speed in vacuum. */
const KM_PER_MS = 200;
const EARTH_RADIUS_KM = 6_371;
/** One way between a node and its city's exchange: the least, the mean beyond it, the most. */
const LEAST_ACCESS_MS = 0.5;
const MEAN_ACCESS_MS = 3;
const MOST_ACCESS_MS = 25;

/**
 * Nodes in cities of the whole world: great-circle distance at the speed of light in fibre, and an access delay drawn
 * for each node. Real paths make detours; measured delays come from a file (`DelayMatrix`).
 */
export class GeographicDelay implements NetworkModel {
  readonly description: string;
  readonly jitterMs: number;
  readonly #cities: number[] = [];
  readonly #accessMs: number[] = [];
  readonly #distanceMs: Float64Array;

  constructor(jitterMs = 0) {
    this.jitterMs = jitterMs;
    this.description = `${CITIES.length} cities, great circles at 2/3 c, access ${LEAST_ACCESS_MS}-${MOST_ACCESS_MS} ms, jitter up to ${jitterMs} ms a way`;
    this.#distanceMs = new Float64Array(CITIES.length ** 2);
    CITIES.forEach((a, i) =>
      CITIES.forEach((b, j) => (this.#distanceMs[i * CITIES.length + j] = greatCircleKm(a, b) / KM_PER_MS)),
    );
  }

  place(random: Random): number {
    const accessMs = LEAST_ACCESS_MS + exponential(random, MEAN_ACCESS_MS);
    this.#cities.push(below(random, CITIES.length));
    this.#accessMs.push(Math.min(MOST_ACCESS_MS, accessMs));
    return this.#cities.length - 1;
  }

  regionOf(place: number): string {
    return CITIES[this.#cities[place] ?? 0]?.region ?? 'eu-west';
  }

  rttMs(a: number, b: number): number {
    const accessMs = (this.#accessMs[a] ?? 0) + (this.#accessMs[b] ?? 0);
    const cities = (this.#cities[a] ?? 0) * CITIES.length + (this.#cities[b] ?? 0);
    return 2 * (accessMs + (this.#distanceMs[cities] ?? 0));
  }
}

/** By the haversine formula. */
export function greatCircleKm(
  a: Pick<City, 'latitude' | 'longitude'>,
  b: Pick<City, 'latitude' | 'longitude'>,
): number {
  const radians = Math.PI / 180;
  const latitudes = Math.sin(((b.latitude - a.latitude) * radians) / 2) ** 2;
  const longitudes = Math.sin(((b.longitude - a.longitude) * radians) / 2) ** 2;
  const both = Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians);
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(latitudes + both * longitudes)));
}
