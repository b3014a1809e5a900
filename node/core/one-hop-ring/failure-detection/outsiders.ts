import { bytesToHex, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { MAX_KNOWN_CONTACTS, MAX_OUTSIDER_PROBES } from '../limits.ts';
import { contactOf, type RingContext } from '../ring-context.ts';
import type { RingContact } from '../ring-ports.ts';

/** Failed entries for each probe of an interval: one tombstone gets one, many get several at once. */
const TOMBSTONES_PER_PROBE = 8;
/**
 * Whom a node asks beyond its ring: tombstones, more of them while many stand, and edges of the registry that its
 * table lacks. This is how the parts of a divided ring find each other (RING.md, identity, table, successor).
 */
export class Outsiders {
  readonly #context: RingContext;
  #contacts: readonly RingContact[] = [];

  constructor(context: RingContext) {
    this.#context = context;
  }

  /** Edges that the registry lists. */
  setContacts(contacts: readonly RingContact[]): void {
    this.#contacts = contacts.slice(0, MAX_KNOWN_CONTACTS);
  }

  /** Whom to probe in this interval. */
  choose(): RingContact[] {
    const chosen = new Map<Hex, RingContact>();
    const { table } = this.#context;
    const wanted = Math.min(MAX_OUTSIDER_PROBES, Math.ceil(table.failedCount / TOMBSTONES_PER_PROBE));
    for (let i = 0; i < wanted; i++) {
      const contact = contactOf(table.failedAt(this.#random(table.failedCount)));
      chosen.set(bytesToHex(contact.publicKey), contact);
    }
    const missing = this.#missingContact();
    if (missing !== undefined) chosen.set(bytesToHex(missing.publicKey), missing);
    return [...chosen.values()];
  }

  #missingContact(): RingContact | undefined {
    const start = this.#random(this.#contacts.length);
    for (let i = 0; i < this.#contacts.length; i++) {
      const contact = this.#contacts[(start + i) % this.#contacts.length];
      const nid = contact === undefined ? undefined : this.#context.nidOfKey(contact.publicKey);
      if (nid !== undefined && !this.#context.isSelf(nid) && this.#context.table.find(nid) === undefined) {
        return contact;
      }
    }
    return undefined;
  }

  #random(below: number): number {
    return Math.floor(this.#context.ports.random() * below);
  }
}
