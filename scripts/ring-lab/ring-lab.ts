import { setTimeout as sleep } from 'node:timers/promises';

import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { ringProtocol } from '../../node/adapters/libp2p/ring-protocol.ts';
import type { RingMember } from '../../node/app/ring/ring-answer.ts';
import type { RingStats } from '../../node/app/ring/ring-node.ts';
import type { RingTiming } from '../../node/core/one-hop-ring/limits.ts';
import type { HostKind, LabPlan, ProcessUsage, TableChange } from './lab-commands.ts';
import { labIdentities, type LabIdentity } from './lab-identities.ts';
import { LabProcess } from './lab-process.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { isolate, type Cut, type LinkShape, type RegionDelays } from './network-shape.ts';
import { RingLabError } from './ring-lab-error.ts';

const PROTOCOL = ringProtocol(31_337n, parseAddress(`0x${'1a'.repeat(20)}`));
/** Between two looks at a condition. */
const LOOK_MS = 50;
/** Seeds given to a joiner. */
const SEEDS = 3;

export interface RingLabOptions {
  /** Nodes that may ever run, numbered from 0; all are in the registry. */
  readonly nodes: number;
  /** Nodes are dealt out in turn. @default one process a node */
  readonly processes?: number;
  /** Draws keys, and with them positions, and everything random about the network. */
  readonly seed: number;
  readonly link: LinkShape;
  readonly regionDelaysMs?: RegionDelays;
  /** @default the protocol's own */
  readonly timing?: Partial<RingTiming>;
  /** @default whole */
  readonly hosts?: HostKind;
}

/** Real ring nodes in real processes on a shaped network, and the hand that moves them. */
export class RingLab {
  readonly #options: RingLabOptions;
  readonly #processes: LabProcess[] = [];
  readonly #identities: LabIdentity[] = [];
  readonly #addresses = new Map<number, string>();
  /** Members by their own account: joined, and neither left nor vanished nor killed. */
  readonly #members = new Set<number>();
  readonly #vanished = new Set<number>();
  #cuts: readonly Cut[] = [];

  constructor(options: RingLabOptions) {
    this.#options = options;
  }

  /** Starts the processes and tells each who may join. No node runs yet. */
  async start(): Promise<void> {
    const {
      nodes,
      processes = nodes,
      seed,
      link,
      regionDelaysMs,
      timing = {},
      hosts = 'whole',
    } = this.#options;
    this.#identities.push(...(await labIdentities(seed, nodes)));
    const registry = this.#identities.map(({ key, edge }) => ({ publicKey: key.publicKey.raw, edge }));
    const regions = Object.fromEntries(this.#identities.map(({ peer, edge }) => [peer, edge.region]));
    const shape = { seed, link, regions, ...(regionDelaysMs === undefined ? {} : { regionDelaysMs }) };
    const plan: LabPlan = { protocol: PROTOCOL, shape, timing, hosts, registry };
    for (let i = 0; i < Math.min(processes, nodes); i++) this.#processes.push(new LabProcess());
    await this.#everywhere(async (process) => process.ask('configure', plan));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(async (process) => process.kill()));
  }

  identity(node: number): LabIdentity {
    const identity = this.#identities[node];
    if (identity === undefined) throw new RingLabError('LAB_NODE_UNKNOWN', 'No such node.', { node });
    return identity;
  }

  /** The process of a node: for signals, and for questions that the laboratory does not know. */
  process(node: number): LabProcess {
    const process = this.#processes[node % this.#processes.length];
    if (process === undefined) throw new RingLabError('LAB_NODE_UNKNOWN', 'No such node.', { node });
    return process;
  }

  get members(): readonly number[] {
    return [...this.#members];
  }

  /**
   * One node joins through some of the members.
   * @returns milliseconds until it was a member
   */
  async join(node: number): Promise<number> {
    const process = this.process(node);
    const secret = this.identity(node).key.raw;
    this.#addresses.set(node, await process.ask('open', { node, secret }));
    const seeds = this.members
      .filter((member) => member !== node)
      .map((member) => this.#addresses.get(member) ?? '');
    const first = node % Math.max(1, seeds.length);
    const chosen = [...seeds.slice(first), ...seeds.slice(0, first)].slice(0, SEEDS);
    const tookMs = await process.ask('join', { node, seeds: chosen });
    this.#members.add(node);
    return tookMs;
  }

  /** Many join, a few at a time. */
  async joinAll(nodes: readonly number[], atOnce = 4): Promise<number[]> {
    const [first, ...others] = nodes;
    if (first === undefined) return [];
    const tookMs = [this.#members.size === 0 ? await this.join(first) : 0];
    const waiting = this.#members.has(first) ? others : [...nodes];
    const joinNext = async (): Promise<void> => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
        tookMs.push(await this.join(node));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, joinNext));
    return tookMs;
  }

  async leave(node: number): Promise<void> {
    this.#members.delete(node);
    await this.process(node).ask('leave', { node });
  }

  /**
   * A power failure: from one moment on nothing goes to the node or comes from it, and nobody is told.
   * @returns the moment
   */
  async vanish(node: number): Promise<number> {
    this.#members.delete(node);
    this.#vanished.add(node);
    const atMs = await this.#applyCuts();
    await this.process(node).ask('vanish', { node });
    return atMs;
  }

  /** SIGKILL to the process of a node, and with it to its other nodes. */
  async kill(node: number): Promise<number> {
    for (const other of this.members)
      if (this.process(other) === this.process(node)) this.#members.delete(other);
    const atMs = monotonicMs();
    await this.process(node).kill();
    return atMs;
  }

  /** Replaces the cuts between nodes; none makes the network whole again, but for those that vanished. */
  async cut(cuts: readonly Cut[]): Promise<number> {
    this.#cuts = cuts;
    return this.#applyCuts();
  }

  async table(node: number): Promise<readonly RingMember[]> {
    return this.process(node).ask('members', { node });
  }

  /** Everything that the tables of all nodes saw change since the last question. */
  async changes(): Promise<TableChange[]> {
    const all = await this.#everywhere(async (process) => process.ask('changes', undefined));
    return all.flat().sort((a, b) => a.atMs - b.atMs);
  }

  /** Bytes received by all nodes so far, by kind of message; those that left or vanished included. */
  async receivedBytes(): Promise<Record<string, number>> {
    const total: Record<string, number> = {};
    for (const part of await this.#everywhere(async (process) => process.ask('received', undefined))) {
      for (const [kind, bytes] of Object.entries(part)) total[kind] = (total[kind] ?? 0) + bytes;
    }
    return total;
  }

  async stats(): Promise<ReadonlyMap<number, RingStats>> {
    const all = await this.#everywhere(async (process) => process.ask('stats', undefined));
    return new Map(all.flat().map(({ node, stats }) => [node, stats]));
  }

  async usage(): Promise<ProcessUsage[]> {
    return this.#everywhere(async (process) => process.ask('usage', undefined));
  }

  /** True if the tables of all members that answer name exactly the members as alive. */
  async tablesRight(): Promise<boolean> {
    const truth = this.members.map((node) => this.identity(node).edge.nid as string).sort();
    const answering = this.members.filter((node) => this.process(node).answers);
    const tables = await Promise.all(answering.map(async (node) => this.table(node)));
    return tables.every((table) => {
      const alive = table.filter(({ state }) => state === 'alive').map(({ nid }) => nid as string);
      return alive.length === truth.length && alive.sort().every((nid, index) => nid === truth[index]);
    });
  }

  /** @throws RingLabError LAB_TIMEOUT */
  async until(what: string, condition: () => Promise<boolean>, limitMs: number): Promise<number> {
    const beginMs = monotonicMs();
    while (!(await condition())) {
      if (monotonicMs() - beginMs > limitMs) {
        throw new RingLabError('LAB_TIMEOUT', `Not within ${limitMs} ms: ${what}.`, {
          seed: this.#options.seed,
        });
      }
      await sleep(LOOK_MS);
    }
    return monotonicMs() - beginMs;
  }

  async #applyCuts(): Promise<number> {
    const all = this.#identities.map(({ peer }) => peer);
    const vanished = [...this.#vanished].flatMap((node) => isolate(this.identity(node).peer, all));
    const cuts = [...this.#cuts, ...vanished];
    await this.#everywhere(async (process) => process.ask('cut', cuts));
    return monotonicMs();
  }

  async #everywhere<T>(action: (process: LabProcess) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#processes.filter(({ answers }) => answers).map(action));
  }
}
