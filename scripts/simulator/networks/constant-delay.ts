import { below, type Random } from '../../measuring/random-streams.ts';
import type { NetworkModel } from './network-model.ts';

const REGIONS = ['eu-west', 'us-east', 'ap-south'];

/** Every two nodes are equally far apart: the network in which RING.md states its numbers (RTT 100 ms). */
export class ConstantDelay implements NetworkModel {
  readonly description: string;
  readonly jitterMs: number;
  readonly #rttMs: number;

  constructor(rttMs: number, jitterMs = 0) {
    this.#rttMs = rttMs;
    this.jitterMs = jitterMs;
    this.description = `every round trip ${rttMs} ms${jitterMs === 0 ? '' : `, jitter up to ${jitterMs} ms a way`}`;
  }

  place(random: Random): number {
    return below(random, REGIONS.length);
  }

  regionOf(place: number): string {
    return REGIONS[place % REGIONS.length] ?? 'eu-west';
  }

  rttMs(): number {
    return this.#rttMs;
  }
}
