import type { Ed25519PrivateKey, Libp2p } from '@libp2p/interface';

import { within } from '../../../sdk/pacing/within.ts';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { Nid } from '../../../sdk/protocol/identifiers.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { contactOfAddress } from '../../adapters/libp2p/ring-peer-id.ts';
import { ringSignature } from '../../adapters/libp2p/ring-signature.ts';
import { emptyTraffic, type StreamTraffic } from '../../adapters/libp2p/kept-streams.ts';
import { RingTransport } from '../../adapters/libp2p/ring-transport.ts';
import { uniform, type Randomness } from '../../adapters/randomness/system-randomness.ts';
import { DEFAULT_TIMING, type RingTiming } from '../../core/one-hop-ring/limits.ts';
import type { MembershipEvent } from '../../core/one-hop-ring/membership-event.ts';
import { RingMachine } from '../../core/one-hop-ring/ring-machine.ts';
import type {
  LookupOutcome,
  RingAction,
  RingAdmission,
  RingContact,
  RingCounters,
  RingEvent,
} from '../../core/one-hop-ring/ring-ports.ts';
import type { RingEntry } from '../../core/one-hop-ring/ring-table.ts';
import { WakeTimer } from '../wake-timer.ts';
import { PendingLookups, unanswered } from './pending-lookups.ts';
import { fittingAddresses, parseSeed } from './ring-addresses.ts';
import { answerOf, nidOf, type MembershipChange, type RingAnswer, type RingMember } from './ring-answer.ts';
import { RingNodeError } from './ring-node-error.ts';
import { StreamWarming } from './stream-warming.ts';

/** Until a start without an answer from any seed, and without a ring of its own, is given up. */
const JOIN_TIMEOUT_MS = 60_000;
/** Until a stop goes on although nobody took note of the departure. */
const LEAVE_TIMEOUT_MS = 5_000;
/** Rings up to this size keep a stream to every member open, so that any lookup meets a kept one. */
const MAX_WARM_MEMBERS = 256;
export interface RingNodeComponents {
  /** Started, listening. */
  readonly host: Libp2p;
  readonly privateKey: Ed25519PrivateKey;
  /** A cached registry snapshot. */
  readonly admission: RingAdmission;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Called when an unknown key knocks: refresh the snapshot, then call `registryRefreshed`. */
  readonly onRegistryWanted?: () => void;
  /** Called when a member's state changes in the own table. */
  readonly onMembership?: (change: MembershipChange) => void;
}

export interface RingNodeOptions {
  /** `ringProtocol(chainId, registry)`. */
  readonly protocol: string;
  /** Multiaddrs of the HTTP gateway, put into provider records. */
  readonly providerAddresses: readonly string[];
  /** Multiaddrs of the own host. @default those that the host announces */
  readonly addresses?: readonly string[];
  /** @default DEFAULT_TIMING */
  readonly timing?: Partial<RingTiming>;
}

export interface RingStats extends RingCounters, StreamTraffic {
  readonly members: number;
  /** Members to which a stream is open. */
  readonly keptStreams: number;
  readonly indexKeys: number;
  readonly providedKeys: number;
}

/**
 * An edge in the ring: runs the machine's actions over libp2p and gives its answers as promises. A stopped node is not
 * started again; make a new one.
 */
export class RingNode {
  readonly #components: RingNodeComponents;
  readonly #options: RingNodeOptions;
  readonly #lookups = new PendingLookups();
  #joined = Promise.withResolvers<undefined>();
  readonly #left = Promise.withResolvers<undefined>();
  readonly #timer: WakeTimer;
  #machine: RingMachine | undefined;
  #transport: RingTransport | undefined;
  #warming: StreamWarming | undefined;

  constructor(components: RingNodeComponents, options: RingNodeOptions) {
    this.#components = components;
    this.#options = options;
    this.#timer = new WakeTimer({
      clock: components.clock,
      wake: () => {
        this.#handle({ type: 'wake' });
      },
    });
  }

  /**
   * Joins the ring through any of the seeds; without seeds this node is the first.
   * @param seeds multiaddrs that end in `/p2p/<peer id>`
   * @throws RingNodeError RING_SEED_MALFORMED, RING_JOIN_TIMEOUT
   * @throws RingError RING_SELF_NOT_ADMITTED
   */
  async start(seeds: readonly string[]): Promise<void> {
    const contacts = seeds.map(parseSeed);
    const { host, privateKey, admission, clock, randomness } = this.#components;
    const machine = new RingMachine(
      { admission, ...ringSignature(privateKey), random: () => uniform(randomness) },
      {
        network: this.#options.protocol,
        publicKey: privateKey.publicKey.raw,
        addresses: fittingAddresses(
          this.#options.addresses ?? host.getMultiaddrs().map((address) => address.toString()),
        ),
        providerAddresses: fittingAddresses(this.#options.providerAddresses),
        incarnation: Math.floor(clock.nowMs() / 1_000),
        timing: { ...DEFAULT_TIMING, ...this.#options.timing },
      },
    );
    this.#machine = machine;
    this.#transport = new RingTransport(
      { host, admission },
      {
        protocol: this.#options.protocol,
        listener: {
          onMessage: (from, message) => {
            this.#handle({ type: 'message', from, message });
          },
          onUnreachable: (publicKey, refused) => {
            this.#handle({ type: 'unreachable', publicKey, refused });
          },
        },
      },
    );
    this.#warming = new StreamWarming(this.#transport, privateKey.publicKey.raw);
    await this.#transport.start();
    this.#handle({ type: 'start', seeds: contacts });
    const joined = await within(this.#joined.promise, JOIN_TIMEOUT_MS);
    if (!joined) {
      await this.#shutDown();
      throw new RingNodeError('RING_JOIN_TIMEOUT', {
        message: `No seed let this node into the ring within ${JOIN_TIMEOUT_MS / 1_000} s.`,
        remedy: 'Check that the seeds run and that this node is registered as an active edge.',
        values: { seeds: seeds.length, timeoutMs: JOIN_TIMEOUT_MS },
      });
    }
  }

  /**
   * Joins anew, as one that the others have dropped. What it provided has to be provided again. @throws as `start`
   */
  async rejoin(seeds: readonly string[]): Promise<void> {
    await this.#shutDown();
    this.#joined = Promise.withResolvers();
    await this.start(seeds);
  }

  /** Whether it stands in the ring, or is about to. */
  get isRunning(): boolean {
    return this.#machine !== undefined;
  }

  /** Leaves: hands the index over, tells the successor, closes the streams. The host goes on. */
  async stop(): Promise<void> {
    if (this.#machine?.isMember === true) {
      this.#handle({ type: 'leave' });
      await within(this.#left.promise, LEAVE_TIMEOUT_MS);
    }
    await this.#shutDown();
  }

  /**
   * Who holds the content of this key? Best provider first.
   * @param key 32 bytes: the content root
   * @throws RingNodeError RING_NOT_RUNNING, RING_LOOKUP_UNANSWERED
   */
  async lookup(key: Uint8Array): Promise<RingAnswer> {
    const outcome = await this.ask(key);
    const region = this.#components.admission.nidOf(this.#components.privateKey.publicKey.raw)?.region ?? '';
    const answer = answerOf(outcome, { region }, ({ publicKey }) => this.delayMsOf(publicKey));
    if (answer === undefined) throw unanswered(outcome.hops);
    return answer;
  }

  /**
   * What the index says of this key, with the loads that it knows, in no order.
   * @throws RingNodeError RING_NOT_RUNNING, RING_LOOKUP_UNANSWERED
   */
  async ask(key: Uint8Array): Promise<LookupOutcome> {
    this.#running();
    const { id, outcome } = this.#lookups.begin();
    this.#handle({ type: 'lookup', id, key });
    return await outcome;
  }

  /** Publishes that this node holds the content, and keeps it published until `unprovide`. */
  async provide(key: Uint8Array): Promise<void> {
    this.#running();
    this.#handle({ type: 'provide', key });
  }

  async unprovide(key: Uint8Array): Promise<void> {
    this.#running();
    this.#handle({ type: 'unprovide', key });
  }

  /** Own load, 0 idle to 254 full; told to others with the keep-alives. */
  setLoad(load: number): void {
    this.#handle({ type: 'load', load: Math.min(254, Math.max(0, Math.round(load))) });
  }

  /** What the cooperation group heard of a member: used in answers of this node's index. */
  noteStanding({ nid, load, delayMs }: Omit<Extract<RingEvent, { type: 'standing' }>, 'type'>): void {
    this.#handle({ type: 'standing', nid, load, delayMs });
  }

  /** Members of a region that own keys, this node included. */
  membersOf(region: string): RingEntry[] {
    const members: RingEntry[] = [];
    for (const entry of this.#machine?.table.members() ?? []) {
      if (entry.record.region === region) members.push(entry);
    }
    return members;
  }

  /** Where a member is reached by libp2p; undefined for a key that the table does not list. */
  contactOf(publicKey: Uint8Array): RingContact | undefined {
    const nid = this.#components.admission.nidOf(publicKey)?.nid;
    return nid === undefined ? undefined : this.#machine?.table.find(hexToBytes(nid))?.record;
  }

  /** Measured round trip to a member in milliseconds. */
  delayMsOf(publicKey: Uint8Array): number | undefined {
    const nid = this.#components.admission.nidOf(publicKey)?.nid;
    const delayMs = nid === undefined ? undefined : this.#machine?.delayMsOf(nid);
    return delayMs === undefined || Number.isNaN(delayMs) ? undefined : delayMs;
  }

  /** The admission snapshot is newer now. `contacts`: multiaddrs of the edges that it lists. */
  registryRefreshed(addresses: readonly string[]): void {
    const contacts = addresses.map(contactOfAddress).filter((contact) => contact !== undefined);
    this.#handle({ type: 'registry-refreshed', contacts });
  }

  /** Everybody in the table, tombstones included, in ring order. */
  members(): readonly RingMember[] {
    const entries = this.#machine === undefined ? [] : [...this.#machine.table.entries()];
    return entries.map(({ nid, state, record }) => ({
      nid: nidOf(nid),
      operator: record.operator,
      region: record.region,
      state,
      addresses: record.addresses,
    }));
  }

  /** @throws RingNodeError RING_NOT_RUNNING */
  get nid(): Nid {
    return nidOf(this.#running().nid);
  }

  /** @throws RingNodeError RING_NOT_RUNNING */
  stats(): RingStats {
    const machine = this.#running();
    const traffic = this.#transport?.traffic ?? emptyTraffic();
    const { keys, provided } = machine.indexSize;
    return {
      ...machine.counters,
      ...traffic,
      members: machine.table.ringSize,
      keptStreams: this.#transport?.openCount ?? 0,
      indexKeys: keys,
      providedKeys: provided,
    };
  }

  #running(): RingMachine {
    if (this.#machine !== undefined) return this.#machine;
    throw new RingNodeError('RING_NOT_RUNNING', {
      message: 'The ring node is not running.',
      remedy: 'Start it first.',
    });
  }

  #handle(event: RingEvent): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    for (const action of machine.handle(event, this.#components.clock.nowMs()))
      this.#perform(machine, action);
    this.#timer.arm(machine.nextWakeMs());
  }

  #perform(machine: RingMachine, action: RingAction): void {
    switch (action.type) {
      case 'send':
        this.#transport?.send(action.to, action.message);
        break;
      case 'lookup-done':
        this.#lookups.settle(action.id, action.outcome);
        break;
      case 'joined':
        this.#joined.resolve(undefined);
        this.#warm(machine);
        break;
      case 'left':
        this.#left.resolve(undefined);
        break;
      case 'registry-wanted':
        this.#components.onRegistryWanted?.();
        break;
      case 'membership':
        this.#components.onMembership?.(this.#changeOf(machine, action.event));
        if (action.event.kind === 'record' && machine.isMember) this.#warmOne(machine, action.event.record);
        break;
      case 'provided':
        break;
    }
  }

  #changeOf(machine: RingMachine, event: MembershipEvent): MembershipChange {
    const members = machine.table.ringSize;
    if (event.kind === 'record') {
      const { publicKey, departed, incarnation, region } = event.record;
      const nid = this.#components.admission.nidOf(publicKey)?.nid;
      return { nid, region, state: departed ? 'left' : 'alive', incarnation, witnesses: 0, members };
    }
    const { kind, nid, incarnation, witnesses } = event;
    const region = machine.table.find(nid)?.record.region;
    return { nid: nidOf(nid), region, state: kind, incarnation, witnesses: witnesses.length, members };
  }

  /** Opens the streams of a small ring before the first lookup needs them. */
  #warm(machine: RingMachine): void {
    for (const entry of machine.table.members()) this.#warmOne(machine, entry.record);
  }

  #warmOne(machine: RingMachine, contact: RingContact & { readonly departed: boolean }): void {
    if (!contact.departed && machine.table.ringSize <= MAX_WARM_MEMBERS) this.#warming?.add(contact);
  }

  async #shutDown(): Promise<void> {
    this.#timer.arm(Infinity);
    this.#warming?.stop();
    this.#machine = undefined;
    this.#lookups.giveUp();
    await this.#transport?.stop();
    this.#transport = undefined;
  }
}
