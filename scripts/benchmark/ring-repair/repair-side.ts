import { DEFAULT_TIMING } from '../../../node/core/one-hop-ring/limits.ts';
import { Membership } from '../../../node/core/one-hop-ring/membership.ts';
import { Reconciliation } from '../../../node/core/one-hop-ring/reconciliation/reconciliation.ts';
import type { RepairEnd } from '../../../node/core/one-hop-ring/reconciliation/repair-pacing.ts';
import { RingContext } from '../../../node/core/one-hop-ring/ring-context.ts';
import type { RingPorts } from '../../../node/core/one-hop-ring/ring-ports.ts';

/** One side of a repair: a table, and the machine's part that repairs it. */
export interface RepairSide {
  readonly context: RingContext;
  readonly membership: Membership;
  readonly reconciliation: Reconciliation;
  /** How its repairs ended. */
  readonly ends: RepairEnd[];
}

/** A side with an empty table. @throws RingError RING_SELF_NOT_ADMITTED */
export function repairSide(ports: RingPorts, publicKey: Uint8Array, network: string): RepairSide {
  const context = new RingContext(ports, {
    network,
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
