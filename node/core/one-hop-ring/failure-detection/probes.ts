import { Deadlines } from '../deadlines.ts';
import { LATE_ANSWER_MS, MAX_PROBE_TIMEOUT_MS } from '../limits.ts';
import { contactOf, type RingContext } from '../ring-context.ts';
import type { RingId } from '../ring-identifier.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';
import { RoundTripEstimate } from '../round-trip-estimate.ts';

interface Probe {
  readonly nid: RingId;
  readonly sentMs: number;
}

/** Sends keep-alives and measures the delay of those that are answered. */
export class Probes {
  readonly #context: RingContext;
  readonly #sent = new Deadlines<number, Probe>();
  readonly #estimate = new RoundTripEstimate();

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
    if (probe === undefined) return;
    this.#estimate.observe(nowMs - probe.sentMs);
    this.#context.table.noteDelay(nid, nowMs - probe.sentMs);
  }

  /** Until an answer counts as missed: longer while all answers are slow, for then it is not this member's silence. */
  get timeoutMs(): number {
    const { probeTimeoutMs } = this.#context.options.timing;
    const { boundMs } = this.#estimate;
    if (Number.isNaN(boundMs)) return probeTimeoutMs;
    return Math.max(probeTimeoutMs, Math.min(MAX_PROBE_TIMEOUT_MS, boundMs));
  }

  wake(nowMs: number): void {
    this.#sent.due(nowMs);
  }

  #send(to: RingContact): number {
    const { load, table } = this.#context;
    return this.#context.request(to, { kind: 'ping', load, digest: table.digest });
  }

  #remember(requestId: number, nid: RingId, nowMs: number): void {
    this.#sent.set(requestId, { nid, sentMs: nowMs }, nowMs + LATE_ANSWER_MS);
  }
}
