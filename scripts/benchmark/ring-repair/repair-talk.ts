import { messageBytes } from '../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import { BenchError } from '../bench-error.ts';
import type { RepairSide } from './repair-side.ts';

/** Any time will do. */
const START_MS = 1_000_000;

/** What a repair cost. */
export interface RepairTalk {
  /** Frames of both directions, length prefixes included. */
  readonly bytes: number;
  readonly largestBytes: number;
  readonly questions: number;
  /** Times that something went there and back, one after another. */
  readonly roundTrips: number;
  /** Waiting for events that may be on their way, the round trips not counted. */
  readonly waitedMs: number;
}

/**
 * Lets the first side repair with the second until nothing more is said or waited for.
 * @param options.settle look twice, as after keep-alives; a joiner does not
 * @param options.meanwhile called whenever the first side waits
 */
export function repair(
  [first, second]: readonly [RepairSide, RepairSide],
  options: { readonly settle: boolean; readonly meanwhile?: () => void },
): RepairTalk {
  let [bytes, largestBytes, questions, roundTrips, nowMs] = [0, 0, 0, 0, START_MS];
  const carry = (from: RepairSide, to: RepairSide): boolean => {
    const actions = from.context.takeActions().filter((action) => action.type === 'send');
    for (const { message } of actions) {
      const length = messageBytes(message);
      bytes += length;
      largestBytes = Math.max(largestBytes, length);
      if (message.kind === 'sync-request' || message.kind === 'sync-exchange') questions += 1;
      deliver(from, to, message, nowMs);
    }
    return actions.length > 0;
  };
  const peer = { publicKey: second.context.options.publicKey, addresses: [] };
  first.reconciliation.begin(peer, { announce: false, settle: options.settle }, nowMs);
  for (;;) {
    if ([carry(first, second), carry(second, first)].includes(true)) {
      roundTrips += 1;
      continue;
    }
    const nextMs = first.reconciliation.nextMs();
    if (nextMs === Infinity)
      return { bytes, largestBytes, questions, roundTrips, waitedMs: nowMs - START_MS };
    options.meanwhile?.();
    nowMs = nextMs;
    first.reconciliation.wake(nowMs);
  }
}

function deliver(from: RepairSide, to: RepairSide, message: RingMessage, nowMs: number): void {
  const sender = { publicKey: from.context.options.publicKey, addresses: [] };
  switch (message.kind) {
    case 'sync-request':
      return to.reconciliation.onRequest(sender, message);
    case 'sync-summary':
      return to.reconciliation.onSummary(sender, message, nowMs);
    case 'sync-exchange':
      for (const event of message.events) to.membership.apply(event);
      return to.reconciliation.onExchange(sender, message);
    case 'sync-events':
      return to.reconciliation.onEvents(sender, message, nowMs);
    default:
      throw new BenchError('BENCH_MESSAGE_INVALID', {
        message: `A repair does not send ${message.kind}.`,
        remedy: 'Deliver it in repair-talk.ts if it is part of a repair now.',
      });
  }
}
