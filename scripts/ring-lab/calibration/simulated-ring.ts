import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import type { MembershipEvent } from '../../../node/core/one-hop-ring/membership-event.ts';
import type { RingTiming } from '../../../node/core/one-hop-ring/limits.ts';
import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type { SimulatedNode } from '../../simulator/engine/simulated-node.ts';
import { Simulation } from '../../simulator/engine/simulation.ts';
import { MESSAGE_KINDS } from '../../simulator/engine/traffic.ts';
import { ConstantDelay } from '../../simulator/networks/constant-delay.ts';
import type { TableChange } from '../lab-commands.ts';
import { RingLabError } from '../ring-lab-error.ts';
import type { ReceivedBytes, RingUnderTest } from './ring-under-test.ts';

/** The simulated ring has joined nobody; its keep-alives need a moment to be in their stride. */
const WARM_UP_MS = 10_000;

/** The simulator's nodes, every keep-alive really sent. */
export class SimulatedRing implements RingUnderTest {
  readonly #simulation: Simulation;
  readonly #nodes = new Map<number, SimulatedNode>();
  /** Joiners are registered before they join: their positions are asked for. */
  readonly #identities = new Map<number, SimulatedNode['identity']>();
  readonly #numbers = new Map<SimulatedNode, number>();
  #changes: TableChange[] = [];

  constructor(options: {
    readonly seed: number;
    readonly rttMs: number;
    /** Of nodes 0, 1, …, as the real ring has them: the tree depends on them. */
    readonly positions: readonly RingId[];
    readonly timing: Partial<RingTiming>;
    readonly signal: AbortSignal;
  }) {
    this.#simulation = new Simulation({
      ...options,
      network: new ConstantDelay(options.rttMs),
      exactProbes: true,
    });
    this.#simulation.observers.push({ onMembership: (node, event) => this.#note(node, event) });
  }

  get nowMs(): number {
    return this.#simulation.nowMs;
  }

  async begin(members: number): Promise<void> {
    this.#simulation.bootstrap(members);
    for (const node of this.#simulation.nodes) this.#add(node.identity.index, node);
    await this.#simulation.run(WARM_UP_MS);
  }

  async waitUntil(timeMs: number): Promise<void> {
    await this.#simulation.run(Math.max(0, timeMs - this.nowMs));
  }

  join(node: number): void {
    this.#add(node, this.#joined(node));
  }

  leave(node: number): void {
    this.#simulation.leave(this.#at(node));
  }

  async crash(node: number): Promise<number> {
    this.#simulation.crash(this.#at(node));
    return this.nowMs;
  }

  /** A joiner is registered when its position is first asked for. */
  positionOf(node: number): string {
    return (this.#nodes.get(node)?.identity ?? this.#registered(node)).admitted.nid;
  }

  async receivedBytes(): Promise<ReceivedBytes> {
    const { nodes, traffic } = this.#simulation;
    return Object.fromEntries(
      MESSAGE_KINDS.map((kind) => [
        kind,
        nodes.reduce((sum, { index }) => sum + traffic.receivedBy(index, kind), 0),
      ]),
    );
  }

  async changes(): Promise<readonly TableChange[]> {
    const taken = this.#changes;
    this.#changes = [];
    return taken;
  }

  async end(): Promise<void> {
    this.#nodes.clear();
  }

  #registered(node: number): SimulatedNode['identity'] {
    const identity = this.#identities.get(node) ?? this.#simulation.register();
    this.#identities.set(node, identity);
    return identity;
  }

  #joined(node: number): SimulatedNode {
    return this.#simulation.join(this.#registered(node));
  }

  #add(number: number, node: SimulatedNode): void {
    this.#nodes.set(number, node);
    this.#numbers.set(node, number);
  }

  #at(node: number): SimulatedNode {
    const found = this.#nodes.get(node);
    if (found === undefined) throw new RingLabError('LAB_NODE_UNKNOWN', 'No such node.', { node });
    return found;
  }

  #note(node: SimulatedNode, event: MembershipEvent): void {
    const of = { node: this.#numbers.get(node) ?? -1, atMs: this.nowMs };
    if (event.kind === 'record') {
      const { nid, incarnation, departed } = event.record;
      const state = departed ? 'left' : 'alive';
      this.#changes.push({ ...of, subject: bytesToHex(nid), state, incarnation, witnesses: 0 });
    } else {
      const { nid, incarnation, witnesses, kind: state } = event;
      this.#changes.push({
        ...of,
        subject: bytesToHex(nid),
        state,
        incarnation,
        witnesses: witnesses.length,
      });
    }
  }
}
