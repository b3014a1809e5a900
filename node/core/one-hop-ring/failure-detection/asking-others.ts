import { bytesToHex, equalBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { MAX_ASKED, MAX_ASKERS } from '../limits.ts';
import { contactOf, type RingContext } from '../ring-context.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';
import { observersOf } from './observer-rings.ts';
import type { Asker, Watch } from './watch.ts';

/** Random members asked beside the subject's observers: RING.md, failure detection. */
const RANDOM_PROBERS = 3;

/**
 * Indirect probes: who misses a member's answer asks its other observers and some random members to probe it too.
 * They say `reached` or `unreached`, and go on watching: they become witnesses (SPEC.md, failure).
 */
export class AskingOthers {
  readonly #context: RingContext;
  /** Whom a number of ours asked about. */
  readonly #subjects = new Map<number, Hex>();

  constructor(context: RingContext) {
    this.#context = context;
  }

  /** Asks random members, and the observers if this is the first time. */
  ask(watch: Watch, isSilent: (entry: RingEntry) => boolean): void {
    const { table } = this.#context;
    const subject = bytesToHex(watch.nid);
    const observers = watch.asked.size > 0 ? [] : observersOf(table, watch.nid);
    const chosen = new Map<Hex, RingEntry>();
    for (const entry of observers) chosen.set(bytesToHex(entry.nid), entry);
    const except = new Set([subject, ...chosen.keys()]);
    for (const entry of this.#context.randomMembers(RANDOM_PROBERS, except)) {
      chosen.set(bytesToHex(entry.nid), entry);
    }
    for (const entry of chosen.values()) {
      if (this.#context.isSelf(entry.nid) || isSilent(entry)) continue;
      const contact = contactOf(entry);
      const requestId = this.#context.request(contact, { kind: 'indirect-ping', target: watch.nid });
      this.#subjects.set(requestId, subject);
      watch.asked.set(requestId, contact);
      const oldest = watch.asked.keys().next();
      if (watch.asked.size > MAX_ASKED && oldest.done !== true) {
        watch.asked.delete(oldest.value);
        this.#subjects.delete(oldest.value);
      }
    }
  }

  /** Whom this number asked about; undefined unless the answer comes from the one who was asked. */
  subjectOf(
    from: RingContact,
    requestId: number,
    watchOf: (subject: Hex) => Watch | undefined,
  ): Watch | undefined {
    const subject = this.#subjects.get(requestId);
    const watch = subject === undefined ? undefined : watchOf(subject);
    const asked = watch?.asked.get(requestId);
    return asked !== undefined && equalBytes(asked.publicKey, from.publicKey) ? watch : undefined;
  }

  addAsker(watch: Watch, asker: Asker): void {
    const same = watch.askers.findIndex(({ contact }) =>
      equalBytes(contact.publicKey, asker.contact.publicKey),
    );
    if (same >= 0) watch.askers.splice(same, 1);
    if (watch.askers.length < MAX_ASKERS) watch.askers.push(asker);
  }

  answerAskers(watch: Watch, kind: 'reached' | 'unreached'): void {
    for (const { contact, requestId } of watch.askers) this.#context.send(contact, { kind, requestId });
  }

  /** Observers, those whom we asked and those who asked us: all who care about this member. */
  audienceOf(watch: Watch, isSilent: (entry: RingEntry) => boolean): RingContact[] {
    const audience = new Map<Hex, RingContact>();
    const add = (contact: RingContact): void => {
      audience.set(bytesToHex(contact.publicKey), contact);
    };
    for (const { contact } of watch.askers) add(contact);
    for (const contact of watch.asked.values()) add(contact);
    for (const entry of observersOf(this.#context.table, watch.nid)) {
      if (!this.#context.isSelf(entry.nid) && !isSilent(entry)) add(contactOf(entry));
    }
    return [...audience.values()];
  }

  /** The watch is over: answers to its questions no longer matter. */
  forget(watch: Watch): void {
    for (const requestId of watch.asked.keys()) this.#subjects.delete(requestId);
  }
}
