import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { MAX_CORRECTIONS, MAX_PENDING_LOOKUPS, MAX_PROVIDERS_PER_ANSWER, REPLICAS } from './limits.ts';
import type { MembershipEvent } from './membership-event.ts';
import type { Membership } from './membership.ts';
import type { ProviderIndex } from './provider-index.ts';
import { expiresAtMs, type ProviderRecord } from './provider-record.ts';
import { contactOf, type RingContext } from './ring-context.ts';
import type { RingId } from './ring-identifier.ts';
import type { LookupOutcome, RingContact } from './ring-ports.ts';
import { ownsKeys, type RingEntry } from './ring-table.ts';
import { Deadlines } from './deadlines.ts';
import { RecentDelays } from './recent-delays.ts';
import { VerifiedRecords } from './verified-records.ts';
import type { LoadedProvider, LookupReply, LookupRequest } from './wire-message.ts';

/** An empty answer is believed when this many replicas give it. */
const EMPTY_ANSWERS = 2;

type Origin =
  | { readonly type: 'local'; readonly id: number }
  | {
      readonly type: 'remote';
      readonly to: RingContact;
      readonly requestId: number;
      readonly corrections: boolean;
    };

interface Lookup {
  readonly key: RingId;
  readonly origin: Origin;
  /** May those we ask ask others? Not if we are ourselves asked by a member. */
  readonly forward: boolean;
  /** Replicas not asked yet, nearest first. */
  readonly candidates: RingEntry[];
  /** Requests without an answer. */
  readonly open: Map<number, { readonly nid: RingId; readonly sentMs: number; readonly round: number }>;
  readonly deadlineMs: number;
  /** Times at which every open request had been given up on. */
  round: number;
  hedges: number;
  emptyAnswers: number;
  emptyFrom: { readonly nid: RingId; readonly hops: number } | undefined;
}

/** One-hop lookups, hedged, with forwarding by a node that is not the owner (RING.md, index). */
export class Lookups {
  readonly #context: RingContext;
  readonly #membership: Membership;
  readonly #index: ProviderIndex;
  readonly #verified: VerifiedRecords;
  /** By our own number; due at the next hedge or at the end. */
  readonly #lookups = new Deadlines<number, Lookup>();
  readonly #byRequest = new Map<number, number>();
  readonly #delays = new RecentDelays();
  #lastLookup = 0;

  constructor(context: RingContext, membership: Membership, index: ProviderIndex) {
    this.#context = context;
    this.#membership = membership;
    this.#index = index;
    this.#verified = new VerifiedRecords(context.options.network, (key, message, signature) =>
      context.ports.verify(key, message, signature),
    );
  }

  /** A lookup of this node itself. */
  local(id: number, key: RingId, nowMs: number): void {
    this.#context.counters.lookups += 1;
    this.#begin({ key, origin: { type: 'local', id }, forward: true }, nowMs);
  }

  /** A lookup for another node: a member (one more hop at most) or a guest (in full). */
  remote(
    from: RingContact,
    message: LookupRequest,
    options: { readonly member: boolean },
    nowMs: number,
  ): void {
    const origin: Origin = {
      type: 'remote',
      to: from,
      requestId: message.requestId,
      corrections: options.member,
    };
    const { key } = message;
    const here = this.#answerHere(key, nowMs);
    if (here.responsible || !message.forward) {
      this.#finish(origin, key, { providers: here.providers, hops: 0, answeredBy: this.#context.nid });
      return;
    }
    if (options.member) this.#context.counters.forwarded += 1;
    this.#begin({ key, origin, forward: !options.member }, nowMs);
  }

  /** @returns entries that correct our own table, to be applied */
  onReply(from: Uint8Array, message: LookupReply, nowMs: number): readonly MembershipEvent[] {
    const lookupId = this.#byRequest.get(message.requestId);
    const lookup = lookupId === undefined ? undefined : this.#lookups.get(lookupId);
    const request = lookup?.open.get(message.requestId);
    const nid = this.#context.nidOfKey(from);
    if (lookupId === undefined || lookup === undefined || request === undefined) return [];
    if (nid === undefined || !equalBytes(nid, request.nid)) return [];
    this.#closeRequest(lookup, message.requestId);
    this.#delays.note(nowMs - request.sentMs);
    const providers = message.providers.filter((provider) =>
      this.#isGood(provider.record, lookup.key, nowMs),
    );
    const hops = message.hops + 1 + request.round;
    if (providers.length > 0) {
      this.#end(lookupId, { providers, hops, answeredBy: message.answeredBy });
    } else {
      // Who names only records that are refused lies, or is out of date: that is no word on whether there are others.
      if (message.providers.length === 0) {
        lookup.emptyAnswers += 1;
        lookup.emptyFrom ??= { nid: message.answeredBy, hops };
      }
      this.#proceed(lookupId, lookup, nowMs);
    }
    return message.corrections.slice(0, MAX_CORRECTIONS);
  }

  /** Requests to this member are lost: ask the next one at once. */
  unreachable(nid: RingId, nowMs: number): void {
    for (const [lookupId, lookup] of [...this.#lookups.entries()]) {
      for (const [requestId, request] of [...lookup.open]) {
        if (!equalBytes(request.nid, nid)) continue;
        this.#closeRequest(lookup, requestId);
        this.#proceed(lookupId, lookup, nowMs);
      }
    }
  }

  wake(nowMs: number): void {
    for (const [lookupId, lookup] of this.#lookups.due(nowMs)) {
      this.#lookups.set(lookupId, lookup, lookup.deadlineMs);
      if (nowMs >= lookup.deadlineMs) this.#giveUp(lookupId, lookup);
      else this.#hedge(lookupId, lookup, nowMs);
    }
  }

  nextMs(): number {
    return this.#lookups.nextMs();
  }

  /** The providers that this node can name itself, and whether its answer counts. */
  #answerHere(
    key: RingId,
    nowMs: number,
  ): {
    readonly providers: LoadedProvider[];
    readonly responsible: boolean;
    readonly replicas: readonly RingEntry[];
  } {
    const replicas = this.#context.table.successors(key, REPLICAS);
    const rank = replicas.findIndex((entry) => this.#context.isSelf(entry.nid));
    const providers = rank < 0 ? [] : this.#provided(key, nowMs);
    return { providers, responsible: rank === 0 || providers.length > 0, replicas };
  }

  #provided(key: RingId, nowMs: number): LoadedProvider[] {
    return this.#index
      .providersOf(key, nowMs)
      .filter((record) => this.#isPresent(record))
      .slice(0, MAX_PROVIDERS_PER_ANSWER)
      .map((record) => ({ record, load: this.#context.loadOf(record.publicKey) }));
  }

  /** A provider that left or failed is not named. */
  #isPresent(record: ProviderRecord): boolean {
    const nid = this.#context.nidOfKey(record.publicKey);
    if (nid === undefined) return false;
    const entry = this.#context.table.find(nid);
    return entry === undefined || ownsKeys(entry.state);
  }

  #begin(start: Pick<Lookup, 'key' | 'origin' | 'forward'>, nowMs: number): void {
    const here = this.#answerHere(start.key, nowMs);
    const candidates = here.replicas.filter((entry) => !this.#context.isSelf(entry.nid));
    const alone = candidates.length === 0;
    if (here.providers.length > 0 || alone || this.#lookups.size >= MAX_PENDING_LOOKUPS) {
      const answeredBy = here.responsible || alone ? this.#context.nid : undefined;
      this.#finish(start.origin, start.key, { providers: here.providers, hops: 0, answeredBy });
      return;
    }
    // Suspects are asked last: they are probably gone.
    candidates.sort((a, b) => Number(a.state === 'suspect') - Number(b.state === 'suspect'));
    this.#lastLookup += 1;
    const lookup: Lookup = {
      ...start,
      candidates,
      open: new Map(),
      deadlineMs: nowMs + this.#context.options.timing.lookupTimeoutMs,
      round: 0,
      hedges: 0,
      emptyAnswers: here.responsible ? 1 : 0,
      emptyFrom: here.responsible ? { nid: this.#context.nid, hops: 0 } : undefined,
    };
    this.#lookups.set(this.#lastLookup, lookup, nowMs + this.#hedgeAfterMs());
    this.#askNext(this.#lastLookup, lookup, nowMs);
  }

  #askNext(lookupId: number, lookup: Lookup, nowMs: number): boolean {
    const next = lookup.candidates.shift();
    if (next === undefined) return false;
    const { key, forward } = lookup;
    const requestId = this.#context.request(contactOf(next), { kind: 'lookup-request', key, forward });
    lookup.open.set(requestId, { nid: next.nid, sentMs: nowMs, round: lookup.round });
    this.#byRequest.set(requestId, lookupId);
    return true;
  }

  /**
   * The owner is slow or dead: the second replica is asked. If that one is silent for as long, many may have died at
   * once, and all that are left are asked together.
   */
  #hedge(lookupId: number, lookup: Lookup, nowMs: number): void {
    lookup.hedges += 1;
    const count = lookup.hedges === 1 ? 1 : lookup.candidates.length;
    for (let i = 0; i < count; i++) {
      if (this.#askNext(lookupId, lookup, nowMs)) this.#context.counters.hedged += 1;
    }
    if (lookup.candidates.length > 0) {
      this.#lookups.set(lookupId, lookup, Math.min(lookup.deadlineMs, nowMs + this.#hedgeAfterMs()));
    }
  }

  /** After an answer that decides nothing. */
  #proceed(lookupId: number, lookup: Lookup, nowMs: number): void {
    const { emptyFrom } = lookup;
    if (emptyFrom !== undefined && (lookup.emptyAnswers >= EMPTY_ANSWERS || this.#isExhausted(lookup))) {
      this.#end(lookupId, { providers: [], hops: emptyFrom.hops, answeredBy: emptyFrom.nid });
      return;
    }
    if (lookup.open.size > 0) return;
    lookup.round += 1;
    if (!this.#askNext(lookupId, lookup, nowMs)) this.#giveUp(lookupId, lookup);
  }

  #isExhausted(lookup: Lookup): boolean {
    return lookup.open.size === 0 && lookup.candidates.length === 0;
  }

  #giveUp(lookupId: number, lookup: Lookup): void {
    const { emptyFrom } = lookup;
    if (emptyFrom === undefined) this.#context.counters.lookupTimeouts += 1;
    this.#end(lookupId, {
      providers: [],
      hops: emptyFrom?.hops ?? lookup.round + 1,
      answeredBy: emptyFrom?.nid,
    });
  }

  #end(lookupId: number, outcome: LookupOutcome): void {
    const lookup = this.#lookups.take(lookupId);
    if (lookup === undefined) return;
    for (const requestId of lookup.open.keys()) this.#byRequest.delete(requestId);
    this.#finish(lookup.origin, lookup.key, outcome);
  }

  #finish(origin: Origin, key: RingId, outcome: LookupOutcome): void {
    if (origin.type === 'local') {
      if (outcome.hops <= 1 && outcome.answeredBy !== undefined) this.#context.counters.oneHop += 1;
      this.#context.emit({ type: 'lookup-done', id: origin.id, outcome });
      return;
    }
    this.#context.send(origin.to, {
      kind: 'lookup-reply',
      requestId: origin.requestId,
      hops: outcome.hops,
      answeredBy: outcome.answeredBy ?? this.#context.nid,
      providers: outcome.providers,
      corrections: origin.corrections ? this.#corrections(key) : [],
    });
  }

  /** What the asker must learn to ask the right node next time: nothing if that is us. */
  #corrections(key: RingId): MembershipEvent[] {
    const owner = this.#context.table.successor(key);
    if (owner === undefined || this.#context.isSelf(owner.nid)) return [];
    return this.#membership.explain(owner).slice(0, MAX_CORRECTIONS);
  }

  #closeRequest(lookup: Lookup, requestId: number): void {
    lookup.open.delete(requestId);
    this.#byRequest.delete(requestId);
  }

  #isGood(record: ProviderRecord, key: RingId, nowMs: number): boolean {
    const admitted = this.#context.ports.admission.nidOf(record.publicKey);
    const good =
      equalBytes(record.key, key) &&
      !record.withdrawn &&
      expiresAtMs(record) > nowMs &&
      admitted?.operator === record.operator &&
      this.#verified.isGenuine(record);
    if (!good) this.#context.counters.refusedRecords += 1;
    return good;
  }

  /** The measured p95, within bounds. */
  #hedgeAfterMs(): number {
    const { minHedgeMs, maxHedgeMs } = this.#context.options.timing;
    return Math.min(maxHedgeMs, Math.max(minHedgeMs, 2 * (this.#delays.p95Ms ?? maxHedgeMs)));
  }
}
