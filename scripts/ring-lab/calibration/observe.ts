import type { TableChange } from '../lab-commands.ts';
import type { ScriptedEvent } from './event-script.ts';
import type { ReceivedBytes, RingUnderTest } from './ring-under-test.ts';

/** After the last event: detection and dissemination of it. */
export const SETTLING_MS = 15_000;

/** What was seen of one ring. */
export interface Observations {
  readonly steadyMs: number;
  /** Received in the quiet stretch before the script. */
  readonly steadyBytes: ReceivedBytes;
  /** From the first event until everything has settled. */
  readonly scriptMs: number;
  readonly scriptBytes: ReceivedBytes;
  readonly changes: readonly TableChange[];
  readonly events: readonly ObservedEvent[];
}

export interface ObservedEvent {
  readonly kind: ScriptedEvent['kind'];
  readonly subject: string;
  readonly atMs: number;
}

export interface ObservedPlan {
  readonly members: number;
  readonly steadyMs: number;
  readonly script: readonly ScriptedEvent[];
}

/** Lets a ring live through a quiet stretch and a script, and writes down what happens. */
export async function observe(
  ring: RingUnderTest,
  plan: ObservedPlan,
  signal: AbortSignal,
): Promise<Observations> {
  try {
    await ring.begin(plan.members);
    await ring.changes();
    const [quietMs, before] = [ring.nowMs, await ring.receivedBytes()];
    await ring.waitUntil(quietMs + plan.steadyMs);
    const [beginMs, between] = [ring.nowMs, await ring.receivedBytes()];
    const events: ObservedEvent[] = [];
    for (const { afterMs, kind, node } of plan.script) {
      signal.throwIfAborted();
      await ring.waitUntil(beginMs + afterMs);
      const subject = ring.positionOf(node);
      if (kind === 'crash') events.push({ kind, subject, atMs: await ring.crash(node) });
      else events.push({ kind, subject, atMs: ring.nowMs });
      if (kind === 'join') ring.join(node);
      if (kind === 'leave') ring.leave(node);
    }
    const lastMs = plan.script.at(-1)?.afterMs ?? 0;
    await ring.waitUntil(beginMs + lastMs + SETTLING_MS);
    const after = await ring.receivedBytes();
    return {
      steadyMs: beginMs - quietMs,
      steadyBytes: difference(between, before),
      scriptMs: ring.nowMs - beginMs,
      scriptBytes: difference(after, between),
      changes: await ring.changes(),
      events,
    };
  } finally {
    await ring.end();
  }
}

function difference(after: ReceivedBytes, before: ReceivedBytes): ReceivedBytes {
  return Object.fromEntries(
    Object.entries(after)
      .map(([kind, bytes]): [string, number] => [kind, bytes - (before[kind] ?? 0)])
      .filter(([, bytes]) => bytes > 0),
  );
}
