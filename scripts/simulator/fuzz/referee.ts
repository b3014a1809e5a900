import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { REPLICAS } from '../../../node/core/one-hop-ring/limits.ts';
import { verifyMemberRecord, type MemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import {
  accusationBytes,
  supersedes,
  type Accusation,
  type MembershipEvent,
  type MemberState,
} from '../../../node/core/one-hop-ring/membership-event.ts';
import {
  expiresAtMs,
  verifyProviderRecord,
  type ProviderRecord,
} from '../../../node/core/one-hop-ring/provider-record.ts';
import type { RingAction } from '../../../node/core/one-hop-ring/ring-ports.ts';
import { equalDigests } from '../../../node/core/one-hop-ring/table-digest.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import { FUZZ_NETWORK, type FuzzedRing, type FuzzMember } from './fuzzed-ring.ts';

/** Signatures that a failure needs (SPEC.md, failure). */
const FAILURE_WITNESSES = 2;

interface Standing {
  readonly incarnation: number;
  readonly state: MemberState;
}

/** What a member looked like before a hostile message. */
export interface Sight {
  readonly digest: { readonly high: number; readonly low: number };
  readonly size: number;
  readonly incarnation: number;
}

/**
 * Judges what members believe and pass on by rules of its own: it checks every signature anew, counts the witnesses,
 * and remembers what each member held, so that nothing older can come back.
 */
export class Referee {
  /** What was wrong, most recent last; bounded. */
  readonly findings: string[] = [];
  count = 0;
  readonly #ring: FuzzedRing;
  readonly #standings = new Map<FuzzMember['machine'], Map<Hex, Standing>>();
  readonly #judged = new WeakMap<MembershipEvent | ProviderRecord, string | undefined>();

  constructor(ring: FuzzedRing) {
    this.#ring = ring;
  }

  /** Everything that a member did. */
  watch(member: FuzzMember, actions: readonly RingAction[]): void {
    for (const action of actions) {
      if (action.type === 'membership') this.#judgeBelief(member, action.event);
      if (action.type === 'send') this.#judgeMessage(action.message);
    }
  }

  see(member: FuzzMember): Sight {
    const { table } = member.machine;
    return { digest: table.digest, size: table.size, incarnation: this.#ownIncarnation(member) };
  }

  /** After a hostile message: only judged events may have changed the table. */
  compare(member: FuzzMember, before: Sight, actions: readonly RingAction[]): void {
    const after = this.see(member);
    const explained = actions.some((action) => action.type === 'membership');
    const rise = after.incarnation - before.incarnation;
    if (rise < 0 || rise > 1)
      this.#find(`the member itself jumped from ${before.incarnation} to ${after.incarnation}`);
    if (explained || rise !== 0) return;
    if (after.size !== before.size || !equalDigests(after.digest, before.digest)) {
      this.#find('the table changed without an event');
    }
  }

  /** The providers that a member names for a key, if it is responsible for it. */
  answer(member: FuzzMember, key: Uint8Array, asker: Uint8Array): string | undefined {
    const responsible = member.machine.table
      .successors(key, REPLICAS)
      .some((entry) => equalBytes(entry.nid, member.nid));
    if (!responsible) return undefined;
    const message: RingMessage = { kind: 'lookup-request', requestId: 0, key, forward: false };
    for (const action of member.machine.handle({ type: 'message', from: asker, message }, this.#ring.nowMs)) {
      if (action.type !== 'send' || action.message.kind !== 'lookup-reply') continue;
      return action.message.providers
        .map(({ record }) => bytesToHex(record.signature))
        .sort()
        .join();
    }
    return '';
  }

  /** A key must be answered as before. */
  compareAnswers(before: string | undefined, after: string | undefined): void {
    if (before !== undefined && after !== undefined && before !== after)
      this.#find('an answer of the index changed');
  }

  /** The whole table of a member against what was judged. */
  inspect(member: FuzzMember): void {
    const standings = this.#standingsOf(member);
    for (const entry of member.machine.table.entries()) {
      const own = equalBytes(entry.nid, member.nid);
      const standing = standings.get(bytesToHex(entry.nid));
      if (!own && (standing?.incarnation !== entry.incarnation || standing.state !== entry.state)) {
        this.#find(`an entry stands at ${entry.incarnation} ${entry.state} without an event`);
      }
      if (this.#faultOfRecord(entry.record) !== undefined) this.#find('the table holds a forged record');
    }
  }

  #judgeBelief(member: FuzzMember, event: MembershipEvent): void {
    const fault = this.#faultOf(event, { believed: true });
    if (fault !== undefined) this.#find(`believed: ${fault}`);
    const nid = event.kind === 'record' ? this.#nidOf(event.record.publicKey) : bytesToHex(event.nid);
    if (nid === undefined) return this.#find('believed: a member that the registry does not know');
    const claim = standingOf(event);
    const standings = this.#standingsOf(member);
    const held = standings.get(nid);
    if (held !== undefined && !supersedes(claim, held)) {
      this.#find(`believed: ${claim.incarnation} ${claim.state} after ${held.incarnation} ${held.state}`);
    }
    standings.set(nid, claim);
  }

  /** Whatever is passed on must be genuine, and an answer must be in force. */
  #judgeMessage(message: RingMessage): void {
    if ('events' in message) for (const event of message.events) this.#judgeRelay(event, message.kind);
    if (message.kind === 'store') for (const record of message.records) this.#judgeRecord(record);
    if (message.kind !== 'lookup-reply') return;
    for (const event of message.corrections) this.#judgeRelay(event, message.kind);
    for (const { record } of message.providers) {
      this.#judgeRecord(record);
      if (record.withdrawn || expiresAtMs(record) <= this.#ring.nowMs)
        this.#find('answered: a record that is over');
    }
  }

  #judgeRelay(event: MembershipEvent, carrier: RingMessage['kind']): void {
    if (!this.#judged.has(event)) this.#judged.set(event, this.#faultOf(event, { believed: false }));
    const fault = this.#judged.get(event);
    if (fault !== undefined) this.#find(`passed on in a ${carrier}: ${fault}`);
  }

  #judgeRecord(record: ProviderRecord): void {
    if (!this.#judged.has(record)) {
      const genuine =
        this.#ring.admitted(record.publicKey) !== undefined &&
        verifyProviderRecord(record, FUZZ_NETWORK, (...signed) => this.#ring.scheme.verify(...signed));
      this.#judged.set(record, genuine ? undefined : 'a forged provider record');
    }
    const fault = this.#judged.get(record);
    if (fault !== undefined) this.#find(`passed on: ${fault}`);
  }

  #faultOf(event: MembershipEvent, how: { readonly believed: boolean }): string | undefined {
    return event.kind === 'record' ? this.#faultOfRecord(event.record) : this.#faultOfAccusation(event, how);
  }

  #faultOfRecord(record: MemberRecord): string | undefined {
    const genuine = verifyMemberRecord(record, FUZZ_NETWORK, (...signed) =>
      this.#ring.scheme.verify(...signed),
    );
    return genuine ? undefined : 'a forged member record';
  }

  #faultOfAccusation(accusation: Accusation, how: { readonly believed: boolean }): string | undefined {
    const bytes = accusationBytes(FUZZ_NETWORK, accusation);
    const subject = bytesToHex(accusation.nid);
    const names = new Set<Hex>();
    for (const { publicKey, signature } of accusation.witnesses) {
      const nid = this.#nidOf(publicKey);
      if (nid === undefined || !this.#ring.scheme.verify(publicKey, bytes, signature))
        return 'a forged witness';
      if (nid !== subject) names.add(nid);
    }
    const needed = accusation.kind === 'failed' ? FAILURE_WITNESSES : 1;
    if (how.believed && names.size < needed) return `a failure with ${names.size} witnesses`;
    return names.size === 0 ? 'an accusation without a witness' : undefined;
  }

  #standingsOf(member: FuzzMember): Map<Hex, Standing> {
    const known = this.#standings.get(member.machine);
    if (known !== undefined) return known;
    const standings = new Map<Hex, Standing>();
    this.#standings.set(member.machine, standings);
    return standings;
  }

  #ownIncarnation(member: FuzzMember): number {
    return member.machine.table.find(member.nid)?.incarnation ?? 0;
  }

  #nidOf(publicKey: Uint8Array): Hex | undefined {
    return this.#ring.admitted(publicKey)?.nid;
  }

  #find(what: string): void {
    this.count += 1;
    if (this.findings.length < 64) this.findings.push(what);
  }
}

function standingOf(event: MembershipEvent): Standing {
  if (event.kind !== 'record') return { incarnation: event.incarnation, state: event.kind };
  return { incarnation: event.record.incarnation, state: event.record.departed ? 'left' : 'alive' };
}
