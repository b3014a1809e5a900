import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import type { Nid } from '../../../sdk/protocol/identifiers.ts';
import { Deadlines } from '../one-hop-ring/deadlines.ts';
import { GuestAllowance } from '../one-hop-ring/guest-allowance.ts';
import type { RingId } from '../one-hop-ring/ring-identifier.ts';
import { LOAD_UNKNOWN, MAX_ASKED_GROUPS } from './group-limits.ts';
import type { Located, LocatedServer, LocateRequest } from './group-message.ts';
import type { GroupAction, GroupCounters, GroupOptions, GroupPorts, RoutedServer } from './group-ports.ts';
import { LoadMemory } from './load-memory.ts';

interface Question {
  readonly asked: Uint8Array;
  /** Servers that the answer may speak of, by position. */
  readonly about: ReadonlySet<Hex>;
}

/**
 * What groups tell each other: the index names the providers of another group, one of them tells how loaded they are
 * (RING.md, G-L). It is asked beside the request, never before it, so that content stays within two hops; what it
 * says orders the next routes to its group.
 */
export class OtherGroups {
  readonly #ports: GroupPorts;
  readonly #options: GroupOptions;
  readonly #counters: GroupCounters;
  readonly #emit: (action: GroupAction) => void;
  readonly #loads: LoadMemory;
  readonly #questions = new Deadlines<number, Question>();
  /** By region: when it may be asked again. */
  readonly #askAgainMs = new Map<string, number>();
  readonly #allowance = new GuestAllowance();
  #lastRequestId = 0;

  constructor(
    ports: GroupPorts,
    options: GroupOptions,
    effects: { readonly counters: GroupCounters; readonly emit: (action: GroupAction) => void },
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#counters = effects.counters;
    this.#emit = effects.emit;
    this.#loads = new LoadMemory(options.timing);
  }

  /** Load of a server by its position as its group told it lately. */
  loadOf(nid: Nid, nowMs: number): number | undefined {
    return this.#loads.loadOf(nid, nowMs);
  }

  /** Has the best server's group told the loads of those it has to choose from? If not, it is asked. */
  refine(key: RingId, ranked: readonly RoutedServer[], nowMs: number): void {
    const region = ranked[0]?.region;
    if (region === undefined || region === this.#options.self.region) return;
    const group = ranked.filter((server) => server.region === region);
    if (group.length < 2 || group.every(({ load }) => load !== LOAD_UNKNOWN)) return;
    if (nowMs < (this.#askAgainMs.get(region) ?? -Infinity)) return;
    const to = group
      .map(({ publicKey }) => this.#ports.contactOf(publicKey))
      .find((contact) => contact !== undefined);
    if (to === undefined) return;
    this.#noteAsked(region, nowMs);
    const about = new Set<Hex>();
    for (const { publicKey } of group) {
      const nid = this.#ports.admission.nidOf(publicKey)?.nid;
      if (nid !== undefined) about.add(nid);
    }
    this.#lastRequestId = (this.#lastRequestId + 1) >>> 0;
    const requestId = this.#lastRequestId;
    this.#questions.due(nowMs);
    this.#questions.set(
      requestId,
      { asked: to.publicKey, about },
      nowMs + this.#options.timing.requestTimeoutMs,
    );
    this.#emit({ type: 'send', to, message: { kind: 'locate-request', requestId, key } });
  }

  /** Loads are taken from the one that was asked, and of servers that it was asked about. */
  onLocated(from: Uint8Array, { requestId, servers }: Located, nowMs: number): void {
    const question = this.#questions.get(requestId);
    if (question === undefined || !equalBytes(question.asked, from)) return;
    this.#questions.take(requestId);
    for (const { nid, load } of servers) {
      if (question.about.has(bytesToHex(nid))) this.#loads.note(nid, load, nowMs);
    }
  }

  /** May this edge be answered now? */
  admits(from: Uint8Array, nowMs: number): boolean {
    if (this.#ports.admission.nidOf(from) === undefined) {
      this.#counters.strangers += 1;
      return false;
    }
    if (this.#allowance.take(from, nowMs)) return true;
    this.#counters.throttled += 1;
    return false;
  }

  answer(from: Uint8Array, { requestId }: LocateRequest, servers: readonly LocatedServer[]): void {
    const to = this.#ports.contactOf(from) ?? { publicKey: from, addresses: [] };
    this.#emit({ type: 'send', to, message: { kind: 'located', requestId, servers } });
  }

  #noteAsked(region: string, nowMs: number): void {
    this.#askAgainMs.delete(region);
    this.#askAgainMs.set(region, nowMs + this.#options.timing.refineIntervalMs);
    const oldest = this.#askAgainMs.keys().next();
    if (this.#askAgainMs.size > MAX_ASKED_GROUPS && oldest.done !== true) {
      this.#askAgainMs.delete(oldest.value);
    }
  }
}
