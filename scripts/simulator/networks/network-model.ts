import type { Random } from '../../measuring/random-streams.ts';

/** How long messages take: where nodes stand, and the delay between two places. */
export interface NetworkModel {
  /** One line for people: what is modelled, with its numbers. */
  readonly description: string;
  /** Draws where the next node stands. */
  place(random: Random): number;
  /** Region code of a place, at most 8 ASCII letters. */
  regionOf(place: number): string;
  /** Round trip between two places in milliseconds, without jitter. */
  rttMs(a: number, b: number): number;
  /** Added to each message's way: uniform from 0 to this. */
  readonly jitterMs: number;
}

/** Delay of one message from one place to another. */
export function oneWayMs(network: NetworkModel, from: number, to: number, random: Random): number {
  const halfMs = network.rttMs(from, to) / 2;
  return network.jitterMs === 0 ? halfMs : halfMs + network.jitterMs * random();
}
