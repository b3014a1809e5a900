import { DEFAULT_TIMING, type RingTiming } from '../../../node/core/one-hop-ring/limits.ts';
import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type {
  LookupOutcome,
  RingAction,
  RingContact,
  RingEvent,
} from '../../../node/core/one-hop-ring/ring-ports.ts';
import { messageBytes } from '../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import { RandomStreams, type Random } from '../../measuring/random-streams.ts';
import { oneWayMs, type NetworkModel } from '../networks/network-model.ts';
import { SimulatorError } from '../simulator-error.ts';
import { SharedTable } from '../tables/shared-table.ts';
import type { TableVersion } from '../tables/table-version.ts';
import { TableVersions } from '../tables/table-versions.ts';
import { CertainAnswers } from './certain-answers.ts';
import { EventQueue } from './event-queue.ts';
import { LiveNodes } from './live-nodes.ts';
import type { Delivery } from './node-behaviour.ts';
import type { Observer } from './observer.ts';
import { PathFaults } from './path-faults.ts';
import { createMachine, foundingRecord } from './simulated-machine.ts';
import { SimulatedRegistry, type Identity } from './simulated-registry.ts';
import { isRunning, type SimulatedNode } from './simulated-node.ts';
import { SimulatedSignatures } from './simulated-signature.ts';
import { Traffic } from './traffic.ts';

/** Virtual time begins here: Unix milliseconds, so that incarnations and record sequences look as in a node. */
export const START_MS = 1_800_000_000_000;
/** Events between two looks at the wall clock and at interrupts. */
const SLICE_EVENTS = 20_000;

export interface SimulationOptions {
  readonly seed: number;
  readonly network: NetworkModel;
  readonly timing?: Partial<RingTiming>;
  /** Positions of the first edges, e.g. those of a real ring. @default drawn */
  readonly positions?: readonly RingId[];
  /** Send every keep-alive instead of charging the certain ones. @default false */
  readonly exactProbes?: boolean;
  /** A sender learns after a round trip that its message met no running process, as TCP tells. @default false */
  readonly refusals?: boolean;
  /** Stops `run` between two slices. */
  readonly signal?: AbortSignal;
  /** Called between slices. */
  readonly onSlice?: (simulation: Simulation) => void;
}

type Payload = RingMessage | (() => void);

/** Targets of the queue that are no node. */
const WAKE = -1;
const CALL = -2;

/**
 * Many ring machines in virtual time over a modelled network. Everything that happens follows from the seed and the
 * order of the calls: the same scenario gives the same run, bit for bit. README.md tells how a scenario is written.
 */
export class Simulation {
  readonly seed: number;
  readonly streams: RandomStreams;
  readonly network: NetworkModel;
  readonly timing: RingTiming;
  readonly registry: SimulatedRegistry;
  readonly versions = new TableVersions();
  readonly traffic = new Traffic();
  readonly faults: PathFaults;
  readonly signatures: SimulatedSignatures;
  /** Every run of every node, dead ones included. */
  readonly nodes: SimulatedNode[] = [];
  /** The truth: who owns keys. */
  readonly live = new LiveNodes();
  /** Running nodes that do not know yet that they are members. */
  readonly joining = new Set<SimulatedNode>();
  readonly observers: Observer[] = [];
  nowMs = START_MS;
  /** Events handled so far. */
  eventCount = 0;
  readonly #options: SimulationOptions;
  readonly #queue = new EventQueue<Payload>();
  readonly #certain: CertainAnswers;
  readonly #placing: Random;
  readonly #delays: Random;
  readonly #seeding: Random;
  /** The newest run of each identity. */
  readonly #runs: (SimulatedNode | undefined)[] = [];
  readonly #lookups = new Map<number, (outcome: LookupOutcome) => void>();
  #lastLookup = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.seed = options.seed;
    this.streams = new RandomStreams(options.seed);
    this.network = options.network;
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.registry = new SimulatedRegistry(this.streams.stream('identities'), options.positions);
    this.faults = new PathFaults(this.streams.stream('loss'));
    this.signatures = new SimulatedSignatures(this.streams.seedOf('signatures', 0));
    this.#placing = this.streams.stream('places');
    this.#delays = this.streams.stream('delays');
    this.#seeding = this.streams.stream('seeds of joining nodes');
    this.#certain = new CertainAnswers(this, { exact: options.exactProbes === true });
  }

  /** A ring of this many members that agree from the start, without 10^5 joins. */
  bootstrap(count: number): void {
    const identities = Array.from({ length: count }, () => this.register());
    const founding = new SharedTable(this.versions);
    for (const identity of identities) founding.put(identity.nid, foundingRecord(this, identity), 'alive');
    const { version } = founding;
    for (const identity of identities) this.#create(identity, version);
    for (const { nid } of version.places()) {
      const node = this.nodeAt(nid);
      if (node !== undefined) this.act(node, { type: 'adopt' });
    }
    founding.release();
  }

  /** A new registered edge somewhere in the network. */
  register(): Identity {
    const place = this.network.place(this.#placing);
    return this.registry.register(place, this.network.regionOf(place));
  }

  /** Starts a node that joins through live ones. @param identity a new edge by default; a known one restarts */
  join(identity: Identity = this.register(), seedCount = 3): SimulatedNode {
    const seeds: RingContact[] = [];
    for (let i = 0; i < seedCount && this.live.size > 0; i++) {
      const { publicKey, addresses } = this.live.random(this.#seeding).identity;
      if (publicKey !== identity.publicKey) seeds.push({ publicKey, addresses });
    }
    const node = this.#create(identity, this.versions.empty);
    this.act(node, { type: 'start', seeds });
    return node;
  }

  /** The process ends without a word. */
  crash(node: SimulatedNode): void {
    if (!isRunning(node)) return;
    this.#end(node, 'crashed');
    for (const observer of this.observers) observer.onCrashed?.(node);
  }

  /** A planned leave; the node runs until its machine says that it has left. */
  leave(node: SimulatedNode): void {
    if (node.phase !== 'member') return;
    node.phase = 'leaving';
    this.act(node, { type: 'leave' });
  }

  /** Stops a node for a while. What arrives meanwhile is handled at once after it, and after its own overdue wake-up. */
  stall(node: SimulatedNode, durationMs: number): void {
    node.stalledUntilMs = Math.max(node.stalledUntilMs, this.nowMs + durationMs);
    this.at(node.stalledUntilMs, () => {
      if (this.nowMs < node.stalledUntilMs || !isRunning(node)) return;
      this.act(node, { type: 'wake' });
      for (const delivery of node.backlog.splice(0)) this.#receive(node, delivery);
    });
  }

  /** Looks a key up; `done` is called in virtual time, never if the asker dies first. */
  lookup(node: SimulatedNode, key: RingId, done: (outcome: LookupOutcome) => void): void {
    this.#lastLookup += 1;
    this.#lookups.set(this.#lastLookup, done);
    this.act(node, { type: 'lookup', id: this.#lastLookup, key });
  }

  /** Hands an event to a node's machine and carries out what it wants. */
  act(node: SimulatedNode, event: RingEvent, by?: SimulatedNode): void {
    if (!isRunning(node)) return;
    for (const action of this.#handle(node, event)) this.#carryOut(node, action, by);
    this.#scheduleWake(node);
  }

  /** Calls `what` at a time. */
  at(timeMs: number, what: () => void): void {
    this.#queue.push(Math.max(timeMs, this.nowMs), CALL, 0, what);
  }

  /** Calls `what` again and again until it returns false. */
  every(intervalMs: number, what: () => boolean): void {
    this.at(this.nowMs + intervalMs, () => {
      if (what()) this.every(intervalMs, what);
    });
  }

  /** The newest run of an edge. */
  runOf(identity: Identity): SimulatedNode | undefined {
    return this.#runs[identity.index];
  }

  nodeAt(nid: RingId): SimulatedNode | undefined {
    const identity = this.registry.byPosition(nid);
    return identity === undefined ? undefined : this.runOf(identity);
  }

  /** Runs for so long, or until the condition holds. @returns whether it held @throws SimulatorError INTERRUPTED */
  async run(durationMs: number, until: () => boolean = () => false): Promise<boolean> {
    const endMs = this.nowMs + durationMs;
    while (!until()) {
      if (this.#slice(endMs, until)) return until();
      this.#options.onSlice?.(this);
      // A turn of the event loop, so that an interrupt is heard.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#options.signal?.aborted === true) {
        throw new SimulatorError('INTERRUPTED', 'The simulation was interrupted.', {
          atMs: this.nowMs - START_MS,
        });
      }
    }
    return true;
  }

  /** True when the end of the run is reached. */
  #slice(endMs: number, until: () => boolean): boolean {
    const queue = this.#queue;
    for (let i = 0; i < SLICE_EVENTS; i++) {
      if (queue.nextMs > endMs) {
        this.nowMs = endMs;
        return true;
      }
      const before = this.nowMs;
      queue.pop();
      this.nowMs = queue.timeMs;
      this.eventCount += 1;
      this.#dispatch(queue.target, queue.source, queue.payload);
      if (this.nowMs !== before && until()) return true;
    }
    return false;
  }

  #dispatch(target: number, source: number, payload: Payload | undefined): void {
    if (typeof payload === 'function') return payload();
    const node = this.nodes[target === WAKE ? source : target];
    if (node === undefined) return;
    if (target === WAKE) this.#wake(node);
    else if (payload !== undefined) this.#arrive(node, this.nodes[source], payload);
  }

  #wake(node: SimulatedNode): void {
    if (node.wakeAtMs !== this.nowMs || !isRunning(node)) return;
    node.wakeAtMs = Infinity;
    if (node.stalledUntilMs > this.nowMs) return;
    if (node.machine.nextWakeMs() <= this.nowMs) this.act(node, { type: 'wake' });
    else this.#scheduleWake(node);
  }

  #arrive(node: SimulatedNode, from: SimulatedNode | undefined, message: RingMessage): void {
    if (from === undefined) return;
    if (!isRunning(node)) {
      if (this.#options.refusals === true) this.#refuse(from, node);
      return;
    }
    this.traffic.chargeReceived(node.index, message.kind, messageBytes(message), node.phase !== 'joining');
    const { publicKey } = from.identity;
    if (node.stalledUntilMs > this.nowMs) node.backlog.push({ from: publicKey, message });
    else if (node.behaviour !== undefined) this.#receive(node, { from: publicKey, message });
    else this.act(node, { type: 'message', from: publicKey, message }, from);
  }

  #receive(node: SimulatedNode, delivery: Delivery): void {
    const { behaviour } = node;
    const deliveries = behaviour?.receive?.(delivery, this.nowMs) ?? [delivery];
    for (const { from, message } of deliveries) {
      const identity = this.registry.byKey(from);
      const by = identity === undefined ? undefined : this.runOf(identity);
      this.act(node, { type: 'message', from, message }, by);
    }
  }

  /** The way back of a refused connection. */
  #refuse(sender: SimulatedNode, receiver: SimulatedNode): void {
    if (!this.faults.isOpen(receiver.index, sender.index)) return;
    const backMs = oneWayMs(this.network, receiver.identity.place, sender.identity.place, this.#delays);
    this.at(this.nowMs + backMs, () => {
      if (sender.stalledUntilMs > this.nowMs) return;
      this.act(sender, { type: 'unreachable', publicKey: receiver.identity.publicKey, refused: true });
    });
  }

  #handle(node: SimulatedNode, event: RingEvent): RingAction[] {
    try {
      return node.machine.handle(event, this.nowMs);
    } catch (cause) {
      const what = event.type === 'message' ? event.message.kind : event.type;
      throw new SimulatorError(
        'MACHINE_FAILED',
        `The machine of node ${node.index} threw at ${this.nowMs - START_MS} ms on ${what} (seed ${this.seed}): ${String(cause)}`,
        { node: node.index, atMs: this.nowMs - START_MS, seed: this.seed },
        cause,
      );
    }
  }

  #carryOut(node: SimulatedNode, action: RingAction, by: SimulatedNode | undefined): void {
    switch (action.type) {
      case 'send':
        return this.#send(node, action.to.publicKey, action.message);
      case 'membership':
        for (const observer of this.observers) observer.onMembership?.(node, action.event, by);
        return;
      case 'lookup-done': {
        const done = this.#lookups.get(action.id);
        this.#lookups.delete(action.id);
        return done?.(action.outcome);
      }
      case 'joined':
        return this.#joined(node);
      case 'left':
        this.#end(node, 'left');
        for (const observer of this.observers) observer.onLeft?.(node);
        return;
      default:
        // The registry is always fresh, and nobody waits for `provided`.
        return;
    }
  }

  #send(node: SimulatedNode, to: Uint8Array, message: RingMessage): void {
    const { behaviour } = node;
    if (behaviour?.send === undefined) return this.#post(node, to, message, 0);
    for (const parcel of behaviour.send({ to, message, delayMs: 0 }, this.nowMs)) {
      this.#post(node, parcel.to, parcel.message, parcel.delayMs);
    }
  }

  #post(node: SimulatedNode, to: Uint8Array, message: RingMessage, delayMs: number): void {
    const identity = this.registry.byKey(to);
    const receiver = identity === undefined ? undefined : this.runOf(identity);
    if (receiver === undefined) return;
    this.traffic.chargeSent(node.index, message.kind, messageBytes(message));
    for (const observer of this.observers) observer.onSent?.(node, receiver, message);
    if (!this.faults.passes(node.index, receiver.index)) return;
    const wayMs = oneWayMs(this.network, node.identity.place, receiver.identity.place, this.#delays);
    this.#queue.push(this.nowMs + delayMs + wayMs, receiver.index, node.index, message);
  }

  #joined(node: SimulatedNode): void {
    if (node.phase !== 'joining') return;
    node.phase = 'member';
    node.joinedMs = this.nowMs;
    this.joining.delete(node);
    this.live.add(node);
    for (const observer of this.observers) observer.onJoined?.(node);
  }

  #end(node: SimulatedNode, phase: 'left' | 'crashed'): void {
    node.phase = phase;
    node.endedMs = this.nowMs;
    node.wakeAtMs = Infinity;
    node.backlog.length = 0;
    this.live.remove(node);
    this.joining.delete(node);
    node.table.release();
  }

  #scheduleWake(node: SimulatedNode): void {
    if (!isRunning(node)) return;
    const dueMs = node.machine.nextWakeMs();
    if (dueMs >= node.wakeAtMs || dueMs === Infinity) return;
    node.wakeAtMs = Math.max(dueMs, this.nowMs);
    this.#queue.push(node.wakeAtMs, WAKE, node.index, undefined);
  }

  #create(identity: Identity, version: TableVersion): SimulatedNode {
    const index = this.nodes.length;
    const table = new SharedTable(this.versions, version);
    const isAnswerCertain = (nid: RingId) => this.#certain.isCertain(index, nid);
    const machine = createMachine(this, identity, { index, table, isAnswerCertain });
    const node: SimulatedNode = {
      index,
      identity,
      machine,
      table,
      startedMs: this.nowMs,
      phase: 'joining',
      joinedMs: Number.NaN,
      endedMs: Number.NaN,
      wakeAtMs: Infinity,
      stalledUntilMs: -Infinity,
      backlog: [],
      behaviour: undefined,
    };
    this.nodes.push(node);
    this.joining.add(node);
    this.#runs[identity.index] = node;
    return node;
  }
}
