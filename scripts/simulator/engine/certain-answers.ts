import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { equalDigests } from '../../../node/core/one-hop-ring/table-digest.ts';
import { messageBytes } from '../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import type { RingTiming } from '../../../node/core/one-hop-ring/limits.ts';
import type { NetworkModel } from '../networks/network-model.ts';
import type { PathFaults } from './path-faults.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { Traffic } from './traffic.ts';

/** An answer that takes longer than this share of the timeout is not certain. */
const SAFE_SHARE = 0.9;
/** A number as a node reaches it after minutes. */
const TYPICAL_REQUEST_ID = 10_000;

/** What certainty depends on. */
export interface ProbedWorld {
  readonly nodes: readonly SimulatedNode[];
  readonly faults: PathFaults;
  readonly network: NetworkModel;
  readonly timing: RingTiming;
  readonly traffic: Traffic;
  readonly nowMs: number;
  nodeAt(nid: RingId): SimulatedNode | undefined;
}

/**
 * Which keep-alives need not be sent, because their answer is certain: the other runs, hears us and we hear it, neither
 * is stalled or hostile, and both tables are the same. Such a probe costs what it costs on the wire (`ping` and `pong`
 * charged to both sides) and no event. With `exact` there are none.
 */
export class CertainAnswers {
  readonly #world: ProbedWorld;
  readonly #exact: boolean;
  readonly #pingBytes: number;
  readonly #pongBytes: number;

  constructor(world: ProbedWorld, options: { readonly exact: boolean }) {
    this.#world = world;
    this.#exact = options.exact;
    const probe = { requestId: TYPICAL_REQUEST_ID, load: 0, digest: { high: 1, low: 1 } };
    this.#pingBytes = messageBytes({ kind: 'ping', ...probe } satisfies RingMessage);
    this.#pongBytes = messageBytes({ kind: 'pong', ...probe } satisfies RingMessage);
  }

  /** Asked by the machine of a node for a member of its table. */
  isCertain(asker: number, nid: RingId): boolean {
    if (this.#exact) return false;
    const { nodes, faults, network, timing, nowMs, traffic } = this.#world;
    const node = nodes[asker];
    const other = this.#world.nodeAt(nid);
    if (node === undefined || other === undefined || other.phase !== 'member') return false;
    if (other.stalledUntilMs > nowMs || node.stalledUntilMs > nowMs) return false;
    if (node.behaviour !== undefined || other.behaviour !== undefined) return false;
    if (!faults.isCertain(asker, other.index)) return false;
    const rttMs = network.rttMs(node.identity.place, other.identity.place);
    if (rttMs + 2 * network.jitterMs > SAFE_SHARE * timing.probeTimeoutMs) return false;
    const [ours, theirs] = [node.table.version, other.table.version];
    if (ours !== theirs && !equalDigests(ours.digest, theirs.digest)) return false;
    traffic.chargeSent(asker, 'ping', this.#pingBytes);
    traffic.chargeReceived(other.index, 'ping', this.#pingBytes, true);
    traffic.chargeSent(other.index, 'pong', this.#pongBytes);
    traffic.chargeReceived(asker, 'pong', this.#pongBytes, node.phase !== 'joining');
    node.table.noteDelay(nid, rttMs + network.jitterMs);
    return true;
  }
}
