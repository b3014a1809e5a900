import { RandomStreams } from '../../measuring/random-streams.ts';

/** What happens to a ring, and when after the beginning of the script. */
export interface ScriptedEvent {
  readonly afterMs: number;
  readonly kind: 'crash' | 'join' | 'leave';
  readonly node: number;
}

export interface ScriptOptions {
  readonly members: number;
  readonly crashes: number;
  readonly joins: number;
  readonly leaves: number;
  readonly spacingMs: number;
  readonly seed: number;
}

/**
 * Crashes, joins and leaves in random order at equal distances. Members of the beginning go; those that join are new
 * ones, numbered from `members` on.
 */
export function eventScript(options: ScriptOptions): ScriptedEvent[] {
  const random = new RandomStreams(options.seed).stream('event script');
  const kinds = shuffled(
    [
      ...Array<'crash'>(options.crashes).fill('crash'),
      ...Array<'join'>(options.joins).fill('join'),
      ...Array<'leave'>(options.leaves).fill('leave'),
    ],
    random,
  );
  const goers = shuffled(
    Array.from({ length: options.members }, (_, node) => node),
    random,
  );
  let joiner = options.members;
  return kinds.flatMap((kind, index) => {
    const node = kind === 'join' ? joiner++ : goers.pop();
    return node === undefined ? [] : [{ afterMs: index * options.spacingMs, kind, node }];
  });
}

/** How many nodes the script means to run, averaged over its time. */
export function meanMembers(members: number, script: readonly ScriptedEvent[], durationMs: number): number {
  const nodeMs = script.reduce(
    (sum, { kind, afterMs }) => sum + (kind === 'join' ? 1 : -1) * (durationMs - afterMs),
    members * durationMs,
  );
  return nodeMs / durationMs;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [mixed[i], mixed[j]];
    if (a !== undefined && b !== undefined) [mixed[i], mixed[j]] = [b, a];
  }
  return mixed;
}
