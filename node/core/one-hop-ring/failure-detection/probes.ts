import { Deadlines } from '../deadlines.ts';
import { contactOf, type RingContext } from '../ring-context.ts';
import type { RingId } from '../ring-identifier.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';

/** A late answer still tells the delay, until this many timeouts have passed. */
const REMEMBERED_TIMEOUTS = 4;

interface Probe {
  readonly nid: RingId;
  readonly sentMs: number;
}

/** Sends keep-alives and measures the delay of those that are answered. */
export class Probes {
  readonly #context: RingContext;
  readonly #sent = new Deadlines<number, Probe>();

  constructor(context: RingContext) {
    this.#context = context;
  }

  toMember(entry: RingEntry, nowMs: number): void {
    this.#remember(this.#send(contactOf(entry)), entry.nid, nowMs);
  }

  toContact(contact: RingContact, nowMs: number): void {
    const requestId = this.#send(contact);
    const nid = this.#context.nidOfKey(contact.publicKey);
    if (nid !== undefined) this.#remember(requestId, nid, nowMs);
  }

  answered(requestId: number, nid: RingId, nowMs: number): void {
    const probe = this.#sent.take(requestId);
    if (probe !== undefined) this.#context.table.noteDelay(nid, nowMs - probe.sentMs);
  }

  wake(nowMs: number): void {
    this.#sent.due(nowMs);
  }

  #send(to: RingContact): number {
    const { load, table } = this.#context;
    return this.#context.request(to, { kind: 'ping', load, digest: table.digest });
  }

  #remember(requestId: number, nid: RingId, nowMs: number): void {
    const lifeMs = REMEMBERED_TIMEOUTS * this.#context.options.timing.probeTimeoutMs;
    this.#sent.set(requestId, { nid, sentMs: nowMs }, nowMs + lifeMs);
  }
}
