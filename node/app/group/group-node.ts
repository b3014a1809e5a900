import type { Libp2p } from '@libp2p/interface';

import { bytesToHex, equalBytes, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { GroupTransport } from '../../adapters/libp2p/group-transport.ts';
import { emptyTraffic, type StreamTraffic } from '../../adapters/libp2p/kept-streams.ts';
import { CooperationGroup, type GroupFigures } from '../../core/cooperation-group/cooperation-group.ts';
import { DEFAULT_GROUP_TIMING, type GroupTiming } from '../../core/cooperation-group/group-limits.ts';
import type {
  ContentRoute,
  GroupAction,
  GroupCounters,
  GroupEvent,
  GroupServer,
  Standing,
} from '../../core/cooperation-group/group-ports.ts';
import type { RingAdmission } from '../../core/one-hop-ring/ring-ports.ts';
import type { RingNode } from '../ring/ring-node.ts';
import { RingNodeError } from '../ring/ring-node-error.ts';
import { WakeTimer } from '../wake-timer.ts';

/** Changes of the ring are collected so long before the members are read again. */
const MEMBERS_DELAY_MS = 100;

/** The contents of this node, as the group is told and asked about them. */
export interface HeldContents {
  /** Complete contents as hexadecimal keys, the newest first. */
  keys(): Iterable<Hex>;
  /** Is the whole content here, now? */
  has(key: Hex): boolean;
}

export interface GroupNodeComponents {
  readonly host: Libp2p;
  /** Started before this, stopped after it. */
  readonly ring: RingNode;
  readonly admission: Pick<RingAdmission, 'nidOf'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly held: HeldContents;
  readonly standing: () => Standing;
  /** Multiaddrs under which an edge serves content, by its libp2p key; undefined if only the ring's are known. */
  readonly serviceAddressesOf: (publicKey: Uint8Array) => readonly string[] | undefined;
}

export interface GroupNodeOptions {
  /** `groupProtocol(chainId, registry)`. */
  readonly protocol: string;
  /** Raw Ed25519 key of this node. */
  readonly publicKey: Uint8Array;
  /** Multiaddrs under which this node serves content. */
  readonly addresses: readonly string[];
  /** @default DEFAULT_GROUP_TIMING */
  readonly timing?: Partial<GroupTiming>;
}

export interface GroupStats extends GroupFigures, GroupCounters {
  readonly traffic: StreamTraffic;
}

interface PendingRoute {
  readonly resolve: (route: ContentRoute) => void;
  readonly reject: (reason: unknown) => void;
  /** Why the ring did not answer. */
  failure: unknown;
}

/**
 * An edge in its cooperation group: runs the machine's actions over libp2p and the ring, gives its routes as promises.
 * A stopped node is not started again; make a new one.
 */
export class GroupNode {
  readonly #components: GroupNodeComponents;
  readonly #options: GroupNodeOptions;
  readonly #timer: WakeTimer;
  readonly #routes = new Map<number, PendingRoute>();
  #machine: CooperationGroup | undefined;
  #transport: GroupTransport | undefined;
  #region = '';
  #refreshing: NodeJS.Timeout | undefined;
  #lastRoute = 0;

  constructor(components: GroupNodeComponents, options: GroupNodeOptions) {
    this.#components = components;
    this.#options = options;
    this.#timer = new WakeTimer({
      clock: components.clock,
      wake: () => {
        this.#handle({ type: 'wake' });
      },
    });
  }

  /** Begins to exchange with the members that the ring lists. @throws RingNodeError RING_NOT_RUNNING */
  async start(): Promise<void> {
    const { admission, random, standing, held, ring, host } = this.#components;
    const { publicKey, addresses } = this.#options;
    const admitted = admission.nidOf(publicKey);
    if (admitted === undefined) throw notRunning();
    const { operator, region } = admitted;
    this.#region = region;
    this.#machine = new CooperationGroup(
      {
        admission,
        random,
        standing,
        heldKeys: () => held.keys(),
        holds: (key) => held.has(bytesToHex(key)),
        delayMsOf: (key) => ring.delayMsOf(key),
        contactOf: (key) => ring.contactOf(key),
      },
      {
        self: { nid: hexToBytes(admitted.nid), publicKey, operator, region, addresses },
        timing: { ...DEFAULT_GROUP_TIMING, ...this.#options.timing },
      },
    );
    this.#transport = new GroupTransport(
      { host },
      {
        protocol: this.#options.protocol,
        listener: {
          onMessage: (from, message) => {
            this.#handle({ type: 'message', from, message });
          },
          onUnreachable: (key) => {
            this.#handle({ type: 'unreachable', publicKey: key });
          },
        },
      },
    );
    await this.#transport.start();
    this.#handle({ type: 'start' });
    this.#refreshMembers();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#refreshing);
    this.#timer.arm(Infinity);
    this.#machine = undefined;
    for (const pending of this.#routes.values()) pending.reject(notRunning());
    this.#routes.clear();
    await this.#transport?.stop();
    this.#transport = undefined;
  }

  /**
   * Who serves this content, best first: this node, members of its group that claim it, or, with fewer than `wanted`
   * of those, what the ring's index says.
   * @throws RingNodeError RING_NOT_RUNNING, RING_LOOKUP_UNANSWERED
   */
  async route(key: Uint8Array, wanted: number): Promise<ContentRoute> {
    if (this.#machine === undefined) throw notRunning();
    this.#lastRoute += 1;
    const id = this.#lastRoute;
    const { promise, resolve, reject } = Promise.withResolvers<ContentRoute>();
    this.#routes.set(id, { resolve, reject, failure: undefined });
    this.#handle({ type: 'route', id, key, wanted });
    return await promise;
  }

  /** A server that a route named has not got the content: its claim is not believed again until it tells another. */
  refused(publicKey: Uint8Array, key: Uint8Array): void {
    this.#handle({ type: 'refused', publicKey, key });
  }

  /** A member of this region came, went or is doubted; told by the ring node. */
  membershipChanged(region: string | undefined): void {
    if (region !== this.#region) return;
    if (this.#machine === undefined || this.#refreshing !== undefined) return;
    this.#refreshing = setTimeout(() => {
      this.#refreshMembers();
    }, MEMBERS_DELAY_MS);
  }

  /** Undefined unless started. */
  stats(): GroupStats | undefined {
    if (this.#machine === undefined) return undefined;
    const traffic = this.#transport?.traffic ?? emptyTraffic();
    return { ...this.#machine.counters, ...this.#machine.figures, traffic };
  }

  #refreshMembers(): void {
    this.#refreshing = undefined;
    const { ring, serviceAddressesOf } = this.#components;
    const servers: GroupServer[] = [];
    for (const { nid, record } of ring.membersOf(this.#region)) {
      const { publicKey, operator, region } = record;
      if (equalBytes(publicKey, this.#options.publicKey)) continue;
      const addresses = serviceAddressesOf(publicKey) ?? record.addresses;
      servers.push({ nid, publicKey, operator, region, addresses });
    }
    this.#handle({ type: 'members', servers });
  }

  #handle(event: GroupEvent): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    for (const action of machine.handle(event, this.#components.clock.nowMs())) this.#perform(action);
    this.#timer.arm(machine.nextWakeMs());
  }

  #perform(action: GroupAction): void {
    switch (action.type) {
      case 'send':
        this.#transport?.send(action.to, action.message);
        break;
      case 'lookup':
        void this.#lookUp(action.id, action.key);
        break;
      case 'routed':
        this.#settle(action);
        break;
      case 'standing-heard':
        this.#components.ring.noteStanding(action);
        break;
    }
  }

  async #lookUp(id: number, key: Uint8Array): Promise<void> {
    try {
      const answer = await this.#components.ring.ask(key);
      this.#handle({ type: 'looked-up', id, answer });
    } catch (failure) {
      // The group may still know somebody; if not, who asked is told this reason.
      const pending = this.#routes.get(id);
      if (pending !== undefined) pending.failure = failure;
      this.#handle({ type: 'looked-up', id, answer: undefined });
    }
  }

  #settle({ id, route }: Extract<GroupAction, { type: 'routed' }>): void {
    const pending = this.#routes.get(id);
    this.#routes.delete(id);
    if (route !== undefined) pending?.resolve(route);
    else pending?.reject(pending.failure ?? unanswered());
  }
}

function notRunning(): RingNodeError {
  return new RingNodeError('RING_NOT_RUNNING', {
    message: 'The node is not in its cooperation group yet.',
    remedy: 'Try again in a second, or ask another edge.',
  });
}

function unanswered(): RingNodeError {
  return new RingNodeError('RING_LOOKUP_UNANSWERED', {
    message: 'More contents are being routed than this node can.',
    remedy: 'Try again in a second, or ask another edge.',
  });
}
