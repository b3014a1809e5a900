import { sha256 } from '@noble/hashes/sha2.js';

import {
  bytesToHex,
  concatBytes,
  equalBytes,
  hexToBytes,
  utf8ToBytes,
  type Hex,
} from '../../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../../sdk/protocol/identifiers.ts';
import { DEFAULT_TIMING, type RingTiming } from '../../../../node/core/one-hop-ring/limits.ts';
import { signMemberRecord, type MemberRecord } from '../../../../node/core/one-hop-ring/member-record.ts';
import { accusationBytes } from '../../../../node/core/one-hop-ring/membership-event.ts';
import { memberName } from '../../../../node/core/one-hop-ring/member-names.ts';
import { RingError } from '../../../../node/core/one-hop-ring/ring-error.ts';
import { RingMachine } from '../../../../node/core/one-hop-ring/ring-machine.ts';
import type {
  AdmittedEdge,
  LookupOutcome,
  RingContact,
  RingEvent,
  RingPorts,
} from '../../../../node/core/one-hop-ring/ring-ports.ts';
import { decodeMessage, encodeMessage } from '../../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage, Spread, Testimony } from '../../../../node/core/one-hop-ring/wire-message.ts';

const REGIONS = ['eu-west', 'us-east', 'ap-south'];

/** A small deterministic generator (xorshift32): every run of a test sees the same network. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

/** Not a signature scheme: a keyed hash that any test node can check. Real keys are used in the libp2p tests. */
export function testSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const first = sha256(concatBytes(publicKey, message));
  return concatBytes(first, sha256(first));
}

export function testKey(name: string): Uint8Array {
  return sha256(utf8ToBytes(`key of ${name}`));
}

export const TEST_NETWORK = '/bcdn/31337/0x0000000000000000000000000000000000000001/ring/2';

/** A registry that lists every key given to it, at the position sha256(key) unless told otherwise. */
export class TestRegistry {
  readonly #edges = new Map<Hex, AdmittedEdge>();
  readonly #keys = new Map<Hex, Uint8Array>();

  add(publicKey: Uint8Array, nid: Uint8Array = sha256(publicKey), region?: string): AdmittedEdge {
    const edge: AdmittedEdge = {
      nid: parseNid(bytesToHex(nid)),
      operator: parseAddress(bytesToHex(publicKey.subarray(0, 20))),
      region: region ?? REGIONS[(publicKey[31] ?? 0) % REGIONS.length] ?? 'eu-west',
    };
    this.#edges.set(bytesToHex(publicKey), edge);
    this.#keys.set(bytesToHex(memberName(nid)), publicKey);
    return edge;
  }

  /** The listed edges, in the order of their coming. */
  keys(): Uint8Array[] {
    return [...this.#edges.keys()].map((key) => hexToBytes(key));
  }

  remove(publicKey: Uint8Array): void {
    this.#edges.delete(bytesToHex(publicKey));
  }

  nidOf(publicKey: Uint8Array): AdmittedEdge | undefined {
    return this.#edges.get(bytesToHex(publicKey));
  }

  publicKeyAt(prefix: Uint8Array): Uint8Array | undefined {
    return this.#keys.get(bytesToHex(prefix));
  }
}

export function testPorts(publicKey: Uint8Array, registry: TestRegistry, random: () => number): RingPorts {
  return {
    admission: registry,
    sign: (message) => testSignature(publicKey, message),
    verify: (key, message, signature) => equalBytes(testSignature(key, message), signature),
    random,
  };
}

export interface VirtualNode {
  readonly name: string;
  readonly contact: RingContact;
  readonly machine: RingMachine;
  crashed: boolean;
  left: boolean;
  /** Until then the node neither hears nor wakes; what came meanwhile arrives at once after it. */
  stalledUntilMs: number;
  joinedMs: number | undefined;
  readonly lookups: Map<number, LookupOutcome>;
  receivedBytes: number;
  /** Membership events in bulk, repetitions included. */
  receivedSpreads: number;
  /** How often a record of each member came by the tree. */
  readonly recordsOf: Map<Hex, number>;
}

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Runs ring machines in virtual time over a network that delays and loses messages. */
export class VirtualNetwork {
  readonly nodes: VirtualNode[] = [];
  readonly registry = new TestRegistry();
  readonly timing: RingTiming;
  lossRate = 0;
  /** A message to a crashed node is refused by its host. */
  refusals = false;
  /** One-way delay in milliseconds, plus as much jitter again. */
  delayMs = 10;
  nowMs = 1_000_000;
  /** May these two exchange messages? */
  connected: (a: VirtualNode, b: VirtualNode) => boolean = () => true;
  readonly #random: () => number;
  #queue: Delivery[] = [];
  #order = 0;
  #lookups = 0;

  constructor(seed: number, timing: Partial<RingTiming> = {}) {
    this.#random = seededRandom(seed);
    this.timing = { ...DEFAULT_TIMING, ...timing };
  }

  addNode(name: string, seeds: readonly VirtualNode[]): VirtualNode {
    const node = this.#create(name);
    this.act(node, { type: 'start', seeds: seeds.map((seed) => seed.contact) });
    return node;
  }

  /** Members that begin with one full table, as if they had been together for long. */
  adoptNodes(names: readonly string[]): VirtualNode[] {
    const nodes = names.map((name) => this.#create(name));
    const records = nodes.map((node) => this.recordOf(node));
    for (const { machine } of nodes) {
      for (const record of records) machine.table.put(record.nid, record, 'alive');
    }
    for (const node of nodes) this.act(node, { type: 'adopt' });
    return nodes;
  }

  /** What the node would sign with this incarnation. @default that of a start now */
  recordOf(node: VirtualNode, incarnation = Math.floor(this.nowMs / 1_000)): MemberRecord {
    const { publicKey, addresses } = node.contact;
    const { operator, region } = this.registry.nidOf(publicKey) ?? this.registry.add(publicKey);
    return signMemberRecord(
      { nid: node.machine.nid, publicKey, operator, region, incarnation, departed: false, addresses },
      TEST_NETWORK,
      (message) => testSignature(publicKey, message),
    );
  }

  #create(name: string): VirtualNode {
    const publicKey = testKey(name);
    if (this.registry.nidOf(publicKey) === undefined) this.registry.add(publicKey);
    const contact = { publicKey, addresses: [`/memory/${name}`] };
    const machine = new RingMachine(testPorts(publicKey, this.registry, this.#random), {
      network: TEST_NETWORK,
      publicKey,
      addresses: contact.addresses,
      providerAddresses: [`/dns4/${name}/tcp/443/https`],
      incarnation: Math.floor(this.nowMs / 1_000),
      timing: this.timing,
    });
    const node: VirtualNode = {
      name,
      contact,
      machine,
      crashed: false,
      left: false,
      stalledUntilMs: 0,
      joinedMs: undefined,
      lookups: new Map(),
      receivedBytes: 0,
      receivedSpreads: 0,
      recordsOf: new Map(),
    };
    this.nodes.push(node);
    return node;
  }

  /** Nodes that run and have not left. */
  get alive(): VirtualNode[] {
    return this.nodes.filter((node) => !node.crashed && !node.left);
  }

  act(node: VirtualNode, event: RingEvent): void {
    if (node.crashed || node.left) return;
    for (const action of node.machine.handle(event, this.nowMs)) {
      if (action.type === 'send') this.#send(node, action.to, encodeMessage(action.message));
      if (action.type === 'joined') node.joinedMs = this.nowMs;
      if (action.type === 'left') node.left = true;
      if (action.type === 'lookup-done') node.lookups.set(action.id, action.outcome);
    }
  }

  /** What a node would send that signs the other's failure, though it knows better. */
  testimonyBy(liar: VirtualNode, victim: VirtualNode, incarnation: number): Testimony {
    const claim = { kind: 'failed' as const, nid: victim.machine.nid, incarnation };
    const { publicKey } = liar.contact;
    const signature = testSignature(publicKey, accusationBytes(TEST_NETWORK, claim));
    const accusation = { ...claim, witnesses: [{ nid: liar.machine.nid, publicKey, signature }] };
    return { kind: 'testimony', requestId: 1, accusation };
  }

  /** Looks a key up and runs until the answer is there. */
  lookup(node: VirtualNode, key: Uint8Array): LookupOutcome {
    this.#lookups += 1;
    const id = this.#lookups;
    this.act(node, { type: 'lookup', id, key });
    const outcome = (): LookupOutcome | undefined => node.lookups.get(id);
    this.runUntil(() => outcome() !== undefined, 2 * this.timing.lookupTimeoutMs);
    return outcome() ?? { providers: [], hops: 99, answeredBy: undefined };
  }

  run(durationMs: number): void {
    this.runUntil(() => false, durationMs);
  }

  /** Advances virtual time until the condition holds; false if it did not within the limit. */
  runUntil(condition: () => boolean, limitMs: number): boolean {
    const endMs = this.nowMs + limitMs;
    while (!condition()) {
      const wakeMs = Math.min(
        ...this.alive.map((node) => Math.max(node.machine.nextWakeMs(), node.stalledUntilMs)),
      );
      const nextMs = Math.min(wakeMs, this.#queue[0]?.atMs ?? Infinity);
      if (nextMs > endMs) {
        this.nowMs = endMs;
        return condition();
      }
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#step();
    }
    return true;
  }

  #step(): void {
    while (this.#queue[0] !== undefined && this.#queue[0].atMs <= this.nowMs) this.#queue.shift()?.run();
    for (const node of this.alive) {
      if (node.stalledUntilMs <= this.nowMs && node.machine.nextWakeMs() <= this.nowMs)
        this.act(node, { type: 'wake' });
    }
  }

  #send(from: VirtualNode, to: RingContact, bytes: Uint8Array): void {
    const target = this.nodes.findLast((node) => equalBytes(node.contact.publicKey, to.publicKey));
    if (target === undefined || this.#random() < this.lossRate || !this.connected(from, target)) return;
    const delayMs = this.delayMs * (1 + this.#random());
    const arrive = (): void => {
      if (target.crashed && this.refusals) {
        this.act(from, { type: 'unreachable', publicKey: to.publicKey, refused: true });
      }
      if (target.stalledUntilMs > this.nowMs) {
        this.#schedule(target.stalledUntilMs, arrive);
        return;
      }
      target.receivedBytes += bytes.length;
      const message = decoded(bytes, this.registry);
      if (message === undefined) return;
      if (message.kind === 'spread') countSpread(target, message);
      this.act(target, { type: 'message', from: from.contact.publicKey, message });
    };
    this.#schedule(this.nowMs + delayMs, arrive);
  }

  #schedule(atMs: number, run: () => void): void {
    this.#order += 1;
    const delivery = { atMs, order: this.#order, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#queue[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, delivery);
  }
}

function countSpread(target: VirtualNode, message: Spread): void {
  target.receivedSpreads += 1;
  for (const event of message.events) {
    if (event.kind !== 'record') continue;
    const subject = bytesToHex(event.record.nid);
    target.recordsOf.set(subject, (target.recordsOf.get(subject) ?? 0) + 1);
  }
}

/** Undefined for what a transport drops although it is well-formed: it leads to somebody unknown. */
function decoded(bytes: Uint8Array, registry: TestRegistry): RingMessage | undefined {
  try {
    return decodeMessage(bytes, registry);
  } catch (error) {
    if (error instanceof RingError && error.code === 'RING_WIRE_NAME_UNKNOWN') return undefined;
    throw error;
  }
}

/** Positions that a node believes to be in the ring, in order. */
export function believedRing(node: VirtualNode): Hex[] {
  return [...node.machine.table.members()].map((entry) => bytesToHex(entry.nid));
}

/** Do all live nodes hold exactly the live nodes as ring members, none of them suspect? */
export function tablesAreTrue(network: VirtualNetwork): boolean {
  const truth = network.alive.map((node) => bytesToHex(node.machine.nid)).sort();
  return network.alive.every((node) => {
    const members = [...node.machine.table.members()];
    return (
      members.length === truth.length &&
      members.every((entry, i) => bytesToHex(entry.nid) === truth[i] && entry.state === 'alive')
    );
  });
}
