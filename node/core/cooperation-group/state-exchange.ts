import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import type { RingId } from '../one-hop-ring/ring-identifier.ts';
import { ClaimedContents } from './claimed-contents.ts';
import { GroupMember } from './group-member.ts';
import type { ContentSummary, GroupState, SummaryChange } from './group-message.ts';
import type {
  GroupAction,
  GroupCounters,
  GroupOptions,
  GroupPorts,
  GroupServer,
  Standing,
} from './group-ports.ts';
import { HeldContents } from './held-contents.ts';
import { choosePartners } from './partner-choice.ts';

/** A load that moved by less is told with the next regular state. */
const LOAD_NEWS = 8;
/** The same for free capacity, as a share of what was told. */
const CAPACITY_NEWS = 0.25;

/** Members of a group tell each other how they stand and what they hold (RING.md, G-L; SPEC.md, exchange). */
export class StateExchange {
  readonly #ports: GroupPorts;
  readonly #options: GroupOptions;
  readonly #counters: GroupCounters;
  readonly #emit: (action: GroupAction) => void;
  readonly #held: HeldContents;
  #members = new Map<Hex, GroupMember>();
  #standing: Standing = { load: 0, freeKiBps: 0 };
  #told: Standing = this.#standing;
  #toldMs = -Infinity;
  #nextLookMs = Infinity;

  constructor(
    ports: GroupPorts,
    options: GroupOptions,
    effects: { readonly counters: GroupCounters; readonly emit: (action: GroupAction) => void },
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#counters = effects.counters;
    this.#emit = effects.emit;
    this.#held = new HeldContents(() => ports.random());
  }

  /** Begins; the phase is random so that members do not march in step. */
  start(nowMs: number): void {
    this.#nextLookMs = nowMs + this.#ports.random() * this.#options.timing.changeIntervalMs;
    this.#standing = this.#ports.standing();
    this.#held.update(this.#ports.heldKeys());
    this.#held.advance();
  }

  get members(): Iterable<GroupMember> {
    return this.#members.values();
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Of this node, as last looked at. */
  get standing(): Standing {
    return this.#standing;
  }

  memberOf(publicKey: Uint8Array): GroupMember | undefined {
    return this.#members.get(bytesToHex(publicKey));
  }

  /** Members that claim a content and have been heard lately. */
  claimants(key: RingId, nowMs: number): GroupMember[] {
    const { silenceMs } = this.#options.timing;
    const claimants: GroupMember[] = [];
    for (const member of this.#members.values()) {
      if (member.isHeard(nowMs, silenceMs) && member.claims(key)) claimants.push(member);
    }
    return claimants;
  }

  /** The region's members changed; the new ones are told at once. */
  setMembers(servers: readonly GroupServer[], nowMs: number): void {
    const before = this.#members;
    this.#members = new Map();
    for (const server of choosePartners(this.#options.self.nid, servers)) {
      const id = bytesToHex(server.publicKey);
      const known = before.get(id);
      if (known !== undefined) known.server = server;
      const member = known ?? new GroupMember(server);
      this.#members.set(id, member);
      if (known === undefined) this.#tell(member, undefined, nowMs);
    }
  }

  onState(from: Uint8Array, state: GroupState, nowMs: number): void {
    const member = this.#requireMember(from);
    if (member === undefined) return;
    const isBack = !member.isHeard(nowMs, this.#options.timing.silenceMs);
    const delayMs = member.noteState(state, nowMs);
    this.#emit({ type: 'standing-heard', nid: member.server.nid, load: state.load, delayMs });
    if (isBack) this.#tell(member, undefined, nowMs);
    this.#follow(member, state, nowMs);
  }

  onSummaryRequest(from: Uint8Array): void {
    const member = this.#requireMember(from);
    if (member === undefined) return;
    this.#counters.summariesSent += 1;
    this.#send(member, this.#held.whole);
  }

  /** Only what was asked for is taken. */
  onSummary(from: Uint8Array, summary: ContentSummary): void {
    const member = this.#requireMember(from);
    if (member?.askedMs === undefined) return;
    member.askedMs = undefined;
    member.contents = new ClaimedContents(summary);
    this.#counters.summariesReceived += 1;
  }

  unreachable(publicKey: Uint8Array): void {
    this.memberOf(publicKey)?.unreachable();
  }

  /** A member has not got a content that a route named it for. */
  refused(publicKey: Uint8Array, key: RingId): void {
    if (this.memberOf(publicKey)?.refuse(key) === true) this.#counters.falsePositives += 1;
  }

  wake(nowMs: number): void {
    if (nowMs < this.#nextLookMs) return;
    const { changeIntervalMs, restIntervalMs } = this.#options.timing;
    this.#nextLookMs = nowMs + changeIntervalMs;
    this.#standing = this.#ports.standing();
    this.#held.update(this.#ports.heldKeys());
    const advance = this.#held.advance();
    const isDue = nowMs - this.#toldMs >= restIntervalMs;
    if (advance === undefined && !isDue && !isNews(this.#told, this.#standing)) return;
    this.#told = this.#standing;
    this.#toldMs = nowMs;
    for (const member of this.#members.values()) this.#tell(member, advance?.change, nowMs);
  }

  nextMs(): number {
    return this.#nextLookMs;
  }

  /** Brings what we know of a member's contents to the version that it told. */
  #follow(member: GroupMember, state: GroupState, nowMs: number): void {
    const { contents } = member;
    const { salt, version } = state.summary;
    if (contents?.summary.salt === salt && contents.summary.version === version) return;
    if (contents !== undefined && state.change !== undefined && contents.precedes(state.summary)) {
      const next = contents.changed(state.change);
      if (next !== undefined) {
        member.contents = next;
        this.#counters.changesApplied += 1;
        return;
      }
    }
    const { requestTimeoutMs } = this.#options.timing;
    if (member.askedMs !== undefined && nowMs - member.askedMs < requestTimeoutMs) return;
    member.askedMs = nowMs;
    this.#send(member, { kind: 'summary-request' });
  }

  #tell(member: GroupMember, change: SummaryChange | undefined, nowMs: number): void {
    this.#counters.statesSent += 1;
    const { load, freeKiBps } = this.#standing;
    this.#send(member, {
      kind: 'state',
      load,
      freeKiBps,
      stampMs: nowMs >>> 0,
      echo: member.echo(nowMs),
      summary: this.#held.summary,
      change,
    });
  }

  #send(member: GroupMember, message: Extract<GroupAction, { type: 'send' }>['message']): void {
    const { publicKey, addresses } = member.server;
    this.#emit({ type: 'send', to: this.#ports.contactOf(publicKey) ?? { publicKey, addresses }, message });
  }

  #requireMember(from: Uint8Array): GroupMember | undefined {
    const member = this.memberOf(from);
    if (member === undefined) this.#counters.strangers += 1;
    return member;
  }
}

function isNews(told: Standing, now: Standing): boolean {
  return (
    Math.abs(now.load - told.load) >= LOAD_NEWS ||
    Math.abs(now.freeKiBps - told.freeKiBps) > CAPACITY_NEWS * told.freeKiBps
  );
}
