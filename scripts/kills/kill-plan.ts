import { RandomStreams } from '../measuring/random-streams.ts';

/** By which route the node settles while it is killed. */
export const PHASES = ['direct-claim', 'sampled-claim', 'voucher'] as const;
export type Phase = (typeof PHASES)[number];

/** When a kill comes: before the node serves, while it serves, or after an epoch's end when it was told to settle. */
export type Moment = 'starting' | 'serving' | 'settling';

/** One kill. */
export interface PlannedKill {
  readonly phase: Phase;
  readonly moment: Moment;
  /** After the process was started, after it serves, or after it was told to settle. */
  readonly afterMs: number;
}

/** Kills in one phase before the next begins: a claim takes several of them. */
const MAX_KILLS_PER_PHASE = 5;
/** Of a run of few kills, so that it sees all phases. */
const SHARE_PER_PHASE = 0.4;
/** Shares of the moments; the rest falls into serving. */
const STARTING_SHARE = 0.15;
const SETTLING_SHARE = 0.45;
/** Spans from which a moment is drawn, milliseconds. */
const SPANS: Readonly<Record<Moment, readonly [min: number, max: number]>> = {
  starting: [50, 1_200],
  serving: [100, 2_500],
  settling: [0, 350],
};

/** Phases and moments of all kills; the same for the same seed. */
export function planKills(count: number, seed: number): PlannedKill[] {
  const random = new RandomStreams(seed).stream('kills');
  const perPhase = Math.max(1, Math.min(MAX_KILLS_PER_PHASE, Math.floor(count * SHARE_PER_PHASE)));
  return Array.from({ length: count }, (_, index) => {
    const draw = random();
    const moment =
      draw < STARTING_SHARE ? 'starting' : draw < STARTING_SHARE + SETTLING_SHARE ? 'settling' : 'serving';
    const [min, max] = SPANS[moment];
    const phase = PHASES[Math.floor(index / perPhase) % PHASES.length] ?? 'voucher';
    return { phase, moment, afterMs: Math.round(min + random() * (max - min)) };
  });
}
