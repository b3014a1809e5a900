import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, equalBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../sdk/protocol/identifiers.ts';
import { AdmittedEdges } from '../../../node/core/one-hop-ring/admitted-edges.ts';
import { DEFAULT_TIMING, OPERATOR_BYTES, type RingTiming } from '../../../node/core/one-hop-ring/limits.ts';
import { RingMachine } from '../../../node/core/one-hop-ring/ring-machine.ts';
import type {
  AdmittedEdge,
  RingAction,
  RingEvent,
  RingPorts,
} from '../../../node/core/one-hop-ring/ring-ports.ts';
import type { ProviderRecord } from '../../../node/core/one-hop-ring/provider-record.ts';
import { decodeMessage, encodeMessage } from '../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import { below, type Random } from '../../measuring/random-streams.ts';
import type { SignatureScheme, Signer } from './signature-scheme.ts';

export const FUZZ_NETWORK = '/bcdn/31337/0x0000000000000000000000000000000000000001/ring/fuzz';

/** Short lives, so that records expire and are renewed many times within one run. */
const FUZZ_TIMING: RingTiming = {
  ...DEFAULT_TIMING,
  providerTtlSeconds: 60,
  republishIntervalMs: 20_000,
  sweepIntervalMs: 10_000,
  formerReplicaMs: 20_000,
};

const REGIONS = ['eu-west', 'us-east', 'ap-south'];
/** One-way delay between members. */
const DELAY_MS = 5;
/** Frames of honest traffic kept for replaying. */
const MAX_RECORDED_FRAMES = 8_192;
/** Replaced provider records kept for replaying. */
const MAX_SUPERSEDED = 256;
const START_MS = 1_000_000_000;

export interface FuzzMember {
  readonly index: number;
  readonly signer: Signer;
  readonly nid: Uint8Array;
  machine: RingMachine;
  running: boolean;
}

export interface RecordedFrame {
  readonly from: Uint8Array;
  readonly kind: RingMessage['kind'];
  readonly bytes: Uint8Array;
}

interface Delivery {
  readonly to: FuzzMember;
  readonly from: Uint8Array;
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** A small ring of real machines, every message encoded and decoded, in virtual time; its traffic is recorded. */
export class FuzzedRing {
  readonly members: FuzzMember[] = [];
  readonly scheme: SignatureScheme;
  readonly recorded: RecordedFrame[] = [];
  readonly admission: AdmittedEdges;
  /** Keys that honest members provide. */
  readonly providedKeys: Uint8Array[] = [];
  /** Genuine provider records that newer ones of the same provider have replaced, the latest ones. */
  readonly superseded: ProviderRecord[] = [];
  nowMs = START_MS;
  /** Sees everything that a member does. */
  onActions: (member: FuzzMember, actions: readonly RingAction[]) => void = () => undefined;
  readonly #random: Random;
  readonly #signers: readonly Signer[];
  /** In order of arrival: all delays are equal. */
  #queue: Delivery[] = [];
  #recordedCount = 0;
  readonly #noted = new WeakSet<ProviderRecord>();
  readonly #newest = new Map<string, ProviderRecord>();

  /** @param size members that the registry lists from the start; `addMember` starts them one by one */
  constructor(scheme: SignatureScheme, random: Random, size: number) {
    this.scheme = scheme;
    this.#random = random;
    this.#signers = Array.from({ length: size }, () => scheme.newSigner());
    this.admission = new AdmittedEdges(
      this.#signers.map(({ publicKey }, index) => ({
        publicKey,
        edge: {
          nid: parseNid(bytesToHex(sha256(publicKey))),
          operator: parseAddress(bytesToHex(publicKey.subarray(0, OPERATOR_BYTES))),
          region: REGIONS[index % REGIONS.length] ?? 'eu-west',
        },
      })),
    );
  }

  get runningMembers(): FuzzMember[] {
    return this.members.filter((member) => member.running);
  }

  admitted(publicKey: Uint8Array): AdmittedEdge | undefined {
    return this.admission.nidOf(publicKey);
  }

  /** @throws RingError RING_SELF_NOT_ADMITTED when all of them run */
  addMember(): void {
    const index = this.members.length;
    const signer = this.#signers[index] ?? this.scheme.newSigner();
    const machine = this.#newMachine(signer, index);
    const member: FuzzMember = { index, signer, nid: machine.nid, machine, running: true };
    this.members.push(member);
    this.#start(member);
  }

  /** A crashed or departed member comes back with an empty table and a later incarnation. */
  restart(member: FuzzMember): void {
    member.machine = this.#newMachine(member.signer, member.index);
    member.running = true;
    this.#start(member);
  }

  act(member: FuzzMember, event: RingEvent): readonly RingAction[] {
    if (!member.running) return [];
    const actions = member.machine.handle(event, this.nowMs);
    this.onActions(member, actions);
    for (const action of actions) {
      if (action.type === 'send') this.#send(member, action.to.publicKey, action.message);
      if (action.type === 'left') member.running = false;
    }
    return actions;
  }

  /** Advances virtual time; messages arrive and machines wake when they are due. */
  run(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      let nextMs = this.#queue[0]?.atMs ?? Infinity;
      for (const member of this.members) {
        if (member.running) nextMs = Math.min(nextMs, member.machine.nextWakeMs());
      }
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#deliverDue();
      for (const member of this.members) {
        if (member.running && member.machine.nextWakeMs() <= this.nowMs) this.act(member, { type: 'wake' });
      }
    }
    this.nowMs = endMs;
  }

  #deliverDue(): void {
    let count = 0;
    for (const delivery of this.#queue) {
      if (delivery.atMs > this.nowMs) break;
      count += 1;
      const { to, from, bytes } = delivery;
      this.act(to, { type: 'message', from, message: decodeMessage(bytes, this.admission) });
    }
    this.#queue = this.#queue.slice(count);
  }

  #send(from: FuzzMember, publicKey: Uint8Array, message: RingMessage): void {
    const to = this.members.find((member) => equalBytes(member.signer.publicKey, publicKey));
    if (to === undefined) return;
    const bytes = encodeMessage(message);
    this.#record({ from: from.signer.publicKey, kind: message.kind, bytes });
    if (message.kind === 'store') for (const record of message.records) this.#noteRecord(record);
    this.#queue.push({ to, from: from.signer.publicKey, bytes, atMs: this.nowMs + DELAY_MS });
  }

  /** Keeps a uniform sample of everything ever sent. */
  #record(frame: RecordedFrame): void {
    this.#recordedCount += 1;
    if (this.recorded.length < MAX_RECORDED_FRAMES) {
      this.recorded.push(frame);
      return;
    }
    const slot = below(this.#random, this.#recordedCount);
    if (slot < MAX_RECORDED_FRAMES) this.recorded[slot] = frame;
  }

  #noteRecord(record: ProviderRecord): void {
    // By objects first: a flood of strange keys must cost this record keeping nothing.
    if (this.#noted.has(record) || !this.#isHonest(record)) return;
    this.#noted.add(record);
    const id = `${bytesToHex(record.key)} ${bytesToHex(record.publicKey)}`;
    const newest = this.#newest.get(id);
    if (newest !== undefined && newest.sequence >= record.sequence) return;
    this.#newest.set(id, record);
    if (newest === undefined) return;
    this.superseded.push(newest);
    if (this.superseded.length > MAX_SUPERSEDED) this.superseded.shift();
  }

  #isHonest(record: ProviderRecord): boolean {
    return this.providedKeys.some((key) => key[0] === record.key[0] && equalBytes(key, record.key));
  }

  #newMachine(signer: Signer, index: number): RingMachine {
    const ports: RingPorts = {
      admission: this.admission,
      sign: (message) => signer.sign(message),
      verify: (publicKey, message, signature) => this.scheme.verify(publicKey, message, signature),
      random: this.#random,
    };
    return new RingMachine(ports, {
      network: FUZZ_NETWORK,
      publicKey: signer.publicKey,
      addresses: [`/ip4/10.0.0.${index + 1}/tcp/4001`],
      providerAddresses: [`/dns4/edge${index + 1}.example/tcp/443/https`],
      incarnation: Math.floor(this.nowMs / 1_000),
      timing: FUZZ_TIMING,
    });
  }

  #start(member: FuzzMember): void {
    const others = this.runningMembers.filter((other) => other !== member).slice(0, 3);
    const seeds = others.map(({ signer }) => ({ publicKey: signer.publicKey, addresses: [] }));
    this.act(member, { type: 'start', seeds });
  }
}
