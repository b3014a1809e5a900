import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { LARGEST_RING_OF_ONE_WITNESS, REQUIRED_WITNESSES } from './limits.ts';
import { verifyMemberRecord, type MemberRecord } from './member-record.ts';
import {
  accusationBytes,
  supersedes,
  type Accusation,
  type MembershipEvent,
  type SelfReport,
  type Witness,
} from './membership-event.ts';
import { positionOf, type RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type { AdmittedEdge } from './ring-admission.ts';
import type { RingEntry } from './ring-table.ts';

/**
 * What became of an event: `news` changed the table; `known` was right but old; `self` speaks against us and must be
 * refuted; `refused` is forged or not admitted and must not be passed on.
 */
export type Verdict = 'news' | 'known' | 'self' | 'refused';

/** Checks membership events and applies them to the table; the only writer of members (SPEC.md, membership). */
export class Membership {
  readonly #context: RingContext;
  /** Accusations by the accused, so that a table entry can be explained to others. */
  readonly #accusations = new Map<Hex, Accusation>();

  constructor(context: RingContext) {
    this.#context = context;
  }

  apply(event: MembershipEvent): Verdict {
    const verdict = event.kind === 'record' ? this.#applyRecord(event) : this.#applyAccusation(event);
    if (verdict === 'refused') this.#context.counters.refusedEvents += 1;
    if (verdict === 'news') this.#context.emit({ type: 'membership', event });
    return verdict;
  }

  /** Puts this node itself, or its newest record, into the table. */
  applyOwnRecord(record: MemberRecord): void {
    this.#context.record = record;
    this.#accusations.delete(bytesToHex(this.#context.nid));
    this.#context.table.put(this.#context.nid, record, record.departed ? 'left' : 'alive');
  }

  /** Signs an accusation of a member at its present incarnation. */
  accuse(kind: Accusation['kind'], entry: RingEntry): Accusation {
    const claim = { kind, nid: entry.nid, incarnation: entry.incarnation };
    const { network, publicKey } = this.#context.options;
    const signature = this.#context.ports.sign(accusationBytes(network, claim));
    return { ...claim, witnesses: [{ nid: this.#context.nid, publicKey, signature }] };
  }

  /** The events that make another table hold this entry: the record, then the accusation if there is one. */
  explain(entry: RingEntry): MembershipEvent[] {
    const events: MembershipEvent[] = [{ kind: 'record', record: entry.record }];
    const accusation = this.#accusations.get(bytesToHex(entry.nid));
    if (accusation !== undefined && entry.state === 'failed') events.push(accusation);
    return events;
  }

  /** The accusation under which a member stands now. */
  accusationOf(nid: RingId): Accusation | undefined {
    return this.#accusations.get(bytesToHex(nid));
  }

  /** Signatures of as many observers as a failure needs, all of them good. */
  isProven(accusation: Accusation): boolean {
    return this.#hasEnoughWitnesses(accusation) && this.isGenuine(accusation);
  }

  /** At least one witness; all of them admitted, different, not the subject, and none forged. */
  isGenuine(accusation: Accusation): boolean {
    const { witnesses, nid } = accusation;
    const bytes = accusationBytes(this.#context.options.network, accusation);
    const isGood = (witness: Witness, index: number): boolean => {
      const { publicKey, signature } = witness;
      const position = this.#context.nidOfKey(publicKey);
      if (position === undefined || !equalBytes(position, witness.nid) || equalBytes(position, nid))
        return false;
      if (witnesses.slice(0, index).some((other) => equalBytes(other.publicKey, publicKey))) return false;
      return this.#context.ports.verify(publicKey, bytes, signature);
    };
    return witnesses.length > 0 && witnesses.every(isGood);
  }

  /** The registry changed: expels members that it no longer admits where they stand. */
  registryRefreshed(): void {
    const { table } = this.#context;
    for (const entry of [...table.entries()]) {
      const admitted = this.#context.ports.admission.nidOf(entry.record.publicKey);
      if (admitted === undefined || admitted.nid !== bytesToHex(entry.nid)) {
        table.expel(entry.nid);
        this.#accusations.delete(bytesToHex(entry.nid));
      } else if (!agrees(entry.record, admitted)) {
        const { operator, region } = admitted;
        table.put(entry.nid, { ...entry.record, operator, region }, entry.state);
      }
    }
  }

  #applyRecord(event: SelfReport): Verdict {
    const { record } = event;
    const held = this.#context.table.find(record.nid);
    if (held !== undefined && equalBytes(held.record.encoded, record.encoded)) return 'known';
    const admitted = this.#context.ports.admission.nidOf(record.publicKey);
    if (admitted === undefined || !equalBytes(positionOf(admitted), record.nid)) return 'refused';
    if (!agrees(record, admitted) || !this.#verifyRecord(record)) return 'refused';
    const state = record.departed ? 'left' : 'alive';
    if (this.#context.isSelf(record.nid)) {
      return supersedes(
        { incarnation: record.incarnation, state },
        { incarnation: this.#context.record.incarnation, state: 'alive' },
      )
        ? 'self'
        : 'known';
    }
    if (held !== undefined && !supersedes({ incarnation: record.incarnation, state }, held)) return 'known';
    this.#context.table.put(record.nid, record, state);
    if (this.#accusations.size > 0) this.#accusations.delete(bytesToHex(record.nid));
    return 'news';
  }

  #applyAccusation(accusation: Accusation): Verdict {
    const standing = this.#accusations.get(bytesToHex(accusation.nid));
    if (standing !== undefined && isSameAccusation(standing, accusation)) return 'known';
    // Checked before anything else: whatever is only "known" is passed on too.
    if (accusation.kind !== 'failed' || !this.isGenuine(accusation)) return 'refused';
    if (this.#context.isSelf(accusation.nid)) return this.#accusedOurselves(accusation);
    if (!this.#hasEnoughWitnesses(accusation)) return 'refused';
    const held = this.#context.table.find(accusation.nid);
    if (held === undefined || accusation.incarnation !== held.incarnation) return 'known';
    if (!supersedes({ incarnation: accusation.incarnation, state: accusation.kind }, held)) return 'known';
    this.#context.table.put(held.nid, held.record, accusation.kind);
    this.#accusations.set(bytesToHex(held.nid), accusation);
    return 'news';
  }

  /** Nobody can have seen an incarnation that we never had: answering it would let others use up our numbers. */
  #accusedOurselves(accusation: Accusation): Verdict {
    const { incarnation } = this.#context.record;
    if (accusation.incarnation > incarnation) return 'refused';
    return accusation.incarnation === incarnation ? 'self' : 'known';
  }

  #hasEnoughWitnesses(accusation: Accusation): boolean {
    const isSmall = this.#context.table.ringSize <= LARGEST_RING_OF_ONE_WITNESS;
    return accusation.witnesses.length >= (isSmall ? 1 : REQUIRED_WITNESSES);
  }

  #verifyRecord(record: MemberRecord): boolean {
    const { ports, options } = this.#context;
    return verifyMemberRecord(record, options.network, (key, message, signature) =>
      ports.verify(key, message, signature),
    );
  }
}

/** Does a record say what the registry says? */
function agrees(record: MemberRecord, admitted: AdmittedEdge): boolean {
  return record.operator === admitted.operator && record.region === admitted.region;
}

/** The same claim with the same signatures: it was checked when it came first. */
function isSameAccusation(a: Accusation, b: Accusation): boolean {
  return (
    a.kind === b.kind &&
    a.incarnation === b.incarnation &&
    a.witnesses.length === b.witnesses.length &&
    a.witnesses.every(({ publicKey, signature }, i) => {
      const other = b.witnesses[i];
      return (
        other !== undefined &&
        equalBytes(publicKey, other.publicKey) &&
        equalBytes(signature, other.signature)
      );
    })
  );
}
