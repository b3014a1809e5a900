import { bytesToHex, equalBytes, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { MAX_PARKED_EVENTS } from './limits.ts';
import { verifyMemberRecord, type MemberRecord } from './member-record.ts';
import {
  accusationBytes,
  supersedes,
  type Accusation,
  type MembershipEvent,
  type SelfReport,
  type Witness,
} from './membership-event.ts';
import type { RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type { RingEntry } from './ring-table.ts';

/**
 * What became of an event:
 * `news` changed the table; `known` was right but old; `parked` waits for the registry; `self` speaks against us and
 * must be refuted; `refused` is forged or not admitted and must not be passed on.
 */
export type Verdict = 'news' | 'known' | 'parked' | 'self' | 'refused';

/** Checks membership events and applies them to the table; the only writer of members (SPEC.md, membership). */
export class Membership {
  readonly #context: RingContext;
  /** Events of keys that the registry does not know yet, newest last. */
  readonly #parked = new Map<Hex, SelfReport>();
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
    return { ...claim, witnesses: [{ publicKey, signature }] };
  }

  /** The events that make another table hold this entry: the record, then the accusation if there is one. */
  explain(entry: RingEntry): MembershipEvent[] {
    const events: MembershipEvent[] = [{ kind: 'record', record: entry.record }];
    const accusation = this.#accusations.get(bytesToHex(entry.nid));
    if (accusation !== undefined && (entry.state === 'suspect' || entry.state === 'failed'))
      events.push(accusation);
    return events;
  }

  /** The accusation under which a member stands now. */
  accusationOf(nid: RingId): Accusation | undefined {
    return this.#accusations.get(bytesToHex(nid));
  }

  /** The registry changed: expels members that it no longer admits, and retries the parked ones. */
  registryRefreshed(): void {
    const { table } = this.#context;
    for (const entry of [...table.entries()]) {
      const nid = this.#context.nidOfKey(entry.record.publicKey);
      if (nid !== undefined && equalBytes(nid, entry.nid)) continue;
      table.expel(entry.nid);
      this.#accusations.delete(bytesToHex(entry.nid));
    }
    const parked = [...this.#parked.values()];
    this.#parked.clear();
    for (const event of parked) this.apply(event);
  }

  #applyRecord(event: SelfReport): Verdict {
    const { record } = event;
    const admitted = this.#context.ports.admission.nidOf(record.publicKey);
    const nid = admitted === undefined ? undefined : hexToBytes(admitted.nid);
    const held = nid === undefined ? undefined : this.#context.table.find(nid);
    if (held !== undefined && equalBytes(held.record.encoded, record.encoded)) return 'known';
    if (!this.#verifyRecord(record)) return 'refused';
    if (admitted === undefined || nid === undefined) return this.#park(event);
    if (admitted.operator !== record.operator || admitted.region !== record.region) return 'refused';
    const state = record.departed ? 'left' : 'alive';
    if (this.#context.isSelf(nid)) {
      return supersedes(
        { incarnation: record.incarnation, state },
        { incarnation: this.#context.record.incarnation, state: 'alive' },
      )
        ? 'self'
        : 'known';
    }
    if (held !== undefined && !supersedes({ incarnation: record.incarnation, state }, held)) return 'known';
    this.#context.table.put(nid, record, state);
    this.#accusations.delete(bytesToHex(nid));
    return 'news';
  }

  #applyAccusation(accusation: Accusation): Verdict {
    const standing = this.#accusations.get(bytesToHex(accusation.nid));
    if (standing !== undefined && isSameAccusation(standing, accusation)) return 'known';
    // Checked before anything else: whatever is only "known" is passed on too.
    if (!this.#hasWitness(accusation)) return 'refused';
    if (this.#context.isSelf(accusation.nid)) return this.#accusedOurselves(accusation);
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

  /** At least one admitted witness, and none forged. */
  #hasWitness(accusation: Accusation): boolean {
    const bytes = accusationBytes(this.#context.options.network, accusation);
    const valid = (witness: Witness): boolean =>
      this.#context.nidOfKey(witness.publicKey) !== undefined &&
      this.#context.ports.verify(witness.publicKey, bytes, witness.signature);
    return accusation.witnesses.length > 0 && accusation.witnesses.every(valid);
  }

  #verifyRecord(record: MemberRecord): boolean {
    const { ports, options } = this.#context;
    return verifyMemberRecord(record, options.network, (key, message, signature) =>
      ports.verify(key, message, signature),
    );
  }

  #park(event: SelfReport): Verdict {
    const key = bytesToHex(event.record.publicKey);
    const held = this.#parked.get(key);
    if (held !== undefined && held.record.incarnation >= event.record.incarnation) return 'parked';
    this.#parked.delete(key);
    this.#parked.set(key, event);
    const oldest = this.#parked.keys().next();
    if (this.#parked.size > MAX_PARKED_EVENTS && oldest.done !== true) this.#parked.delete(oldest.value);
    this.#context.emit({ type: 'registry-wanted' });
    return 'parked';
  }
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
