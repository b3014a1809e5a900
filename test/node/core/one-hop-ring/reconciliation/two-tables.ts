import { hexToBytes } from '../../../../../sdk/protocol/bytes.ts';
import { DEFAULT_TIMING } from '../../../../../node/core/one-hop-ring/limits.ts';
import { accusationBytes, type Accusation } from '../../../../../node/core/one-hop-ring/membership-event.ts';
import { signMemberRecord, type MemberRecord } from '../../../../../node/core/one-hop-ring/member-record.ts';
import { Membership } from '../../../../../node/core/one-hop-ring/membership.ts';
import { Reconciliation } from '../../../../../node/core/one-hop-ring/reconciliation/reconciliation.ts';
import type { RepairEnd } from '../../../../../node/core/one-hop-ring/reconciliation/repair-pacing.ts';
import { RingContext } from '../../../../../node/core/one-hop-ring/ring-context.ts';
import { messageBytes } from '../../../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../../../node/core/one-hop-ring/wire-message.ts';
import {
  seededRandom,
  TEST_NETWORK,
  testKey,
  testPorts,
  testSignature,
  type TestRegistry,
} from '../virtual-network.ts';

/** One side of a repair: a table, and the machine's part that repairs it. */
export interface Side {
  readonly context: RingContext;
  readonly membership: Membership;
  readonly reconciliation: Reconciliation;
  readonly ends: RepairEnd[];
}

export function sideOf(registry: TestRegistry, name: string): Side {
  const publicKey = testKey(name);
  if (registry.nidOf(publicKey) === undefined) registry.add(publicKey);
  const context = new RingContext(testPorts(publicKey, registry, seededRandom(1)), {
    network: TEST_NETWORK,
    publicKey,
    addresses: [],
    providerAddresses: [],
    incarnation: 5,
    timing: DEFAULT_TIMING,
  });
  const membership = new Membership(context);
  const ends: RepairEnd[] = [];
  const reconciliation = new Reconciliation(context, membership, {
    learn: (events) => events.map((event) => membership.apply(event)).includes('news'),
    ended: (how) => ends.push(how),
  });
  return { context, membership, reconciliation, ends };
}

export function memberOf(registry: TestRegistry, name: string, incarnation = 1): MemberRecord {
  const publicKey = testKey(name);
  const edge = registry.nidOf(publicKey) ?? registry.add(publicKey);
  const { operator, region } = edge;
  const nid = hexToBytes(edge.nid);
  const addresses = ['/ip4/192.0.2.1/tcp/4001'];
  return signMemberRecord(
    { nid, publicKey, operator, region, incarnation, departed: false, addresses },
    TEST_NETWORK,
    (message) => testSignature(publicKey, message),
  );
}

/** A failure under the signatures of these. */
export function failureOf(record: MemberRecord, registry: TestRegistry, by: readonly string[]): Accusation {
  const claim = { kind: 'failed' as const, nid: record.nid, incarnation: record.incarnation };
  const witnesses = by.map((name) => {
    const publicKey = testKey(name);
    const edge = registry.nidOf(publicKey) ?? registry.add(publicKey);
    const signature = testSignature(publicKey, accusationBytes(TEST_NETWORK, claim));
    return { nid: hexToBytes(edge.nid), publicKey, signature };
  });
  return { ...claim, witnesses };
}

export interface Talk {
  readonly bytes: number;
  readonly largestBytes: number;
  readonly questions: number;
}

/** Lets the first side repair with the second until nothing more is said or waited for. */
export function repair(
  [first, second]: readonly [Side, Side],
  options: { readonly settle: boolean; readonly meanwhile?: () => void },
): Talk {
  let [bytes, largestBytes, questions, nowMs] = [0, 0, 0, 1_000_000];
  const carry = (from: Side, to: Side): boolean => {
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
  first.reconciliation.begin(
    { publicKey: second.context.options.publicKey, addresses: [] },
    { announce: false, settle: options.settle },
    nowMs,
  );
  for (;;) {
    const hasSpoken = [carry(first, second), carry(second, first)].includes(true);
    if (hasSpoken) continue;
    if (first.reconciliation.nextMs() === Infinity) return { bytes, largestBytes, questions };
    options.meanwhile?.();
    nowMs = first.reconciliation.nextMs();
    first.reconciliation.wake(nowMs);
  }
}

function deliver(from: Side, to: Side, message: RingMessage, nowMs: number): void {
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
      throw new RangeError(`A repair does not send ${message.kind}.`);
  }
}
