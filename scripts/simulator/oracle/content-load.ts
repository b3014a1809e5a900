import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { REPLICAS } from '../../../node/core/one-hop-ring/limits.ts';
import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type { LookupOutcome } from '../../../node/core/one-hop-ring/ring-ports.ts';
import type { Observer } from '../engine/observer.ts';
import { below, type Random } from '../engine/random-streams.ts';
import { isInTruth, type SimulatedNode } from '../engine/simulated-node.ts';
import { START_MS, type Simulation } from '../engine/simulation.ts';
import { randomBytes } from '../engine/simulated-registry.ts';
import { Histogram } from '../output/histogram.ts';
import type { Violation } from '../scenarios/scenario.ts';

/** A key counts this long after it was provided. */
const PUBLISHED_AFTER_MS = 2_000;

interface Content {
  readonly key: RingId;
  readonly provider: SimulatedNode;
  readonly sinceMs: number;
}

/** Counts of lookups whose key had a living provider when they were asked. */
export interface LookupCounts {
  asked: number;
  /** The first node asked named the provider, or the asker knew it itself. */
  firstTry: number;
  /** The provider was named, by whichever node. */
  found: number;
  /** Answered by a node that is none of the key's true replicas. */
  elsewhere: number;
  unanswered: number;
}

/** Contents provided by members and looked up by members, at a steady rate; judged by the truth. */
export class ContentLoad implements Observer {
  readonly counts: LookupCounts = { asked: 0, firstTry: 0, found: 0, elsewhere: 0, unanswered: 0 };
  readonly durations = new Histogram(1);
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #contents: Content[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#random = simulation.streams.stream('contents');
    simulation.observers.push(this);
  }

  get contents(): number {
    return this.#contents.length;
  }

  /** Random members provide new keys. */
  provide(count: number): void {
    for (let i = 0; i < count; i++) {
      const provider = this.#simulation.live.random(this.#random);
      const key = randomBytes(this.#random, 32);
      this.#contents.push({ key, provider, sinceMs: this.#simulation.nowMs });
      this.#simulation.act(provider, { type: 'provide', key });
    }
  }

  /** The contents of a provider go with it; another member provides as many new ones. */
  onCrashed(node: SimulatedNode): void {
    this.#replace(node);
  }

  onLeft(node: SimulatedNode): void {
    this.#replace(node);
  }

  /** So many lookups a second by random members, until `endMs`. */
  lookUp(perSecond: number, endMs: number): void {
    const simulation = this.#simulation;
    if (perSecond <= 0) return;
    simulation.every(1_000 / perSecond, () => {
      this.#ask();
      return simulation.nowMs < endMs;
    });
  }

  /** Looks every key with a living provider up once. @returns those that are not found */
  async audit(limitMs: number): Promise<Violation[]> {
    const simulation = this.#simulation;
    const lost = new Set(this.#contents.filter((content) => isInTruth(content.provider)));
    let open = lost.size;
    for (const content of [...lost]) {
      const asker = simulation.live.random(this.#random);
      simulation.lookup(asker, content.key, (outcome) => {
        open -= 1;
        if (names(outcome, content.provider)) lost.delete(content);
      });
    }
    await simulation.run(limitMs, () => open === 0);
    return [...lost].map((content) => ({
      invariant: 'no provider record is lost',
      atMs: simulation.nowMs - START_MS,
      node: content.provider.index,
      detail: `a key that it provides since ${content.sinceMs - START_MS} ms is not found`,
    }));
  }

  #replace(node: SimulatedNode): void {
    let gone = 0;
    for (let i = this.#contents.length - 1; i >= 0; i--) {
      if (this.#contents[i]?.provider !== node) continue;
      this.#contents.splice(i, 1);
      gone += 1;
    }
    if (this.#simulation.live.size > 0) this.provide(gone);
  }

  #ask(): void {
    const { nowMs, live } = this.#simulation;
    const content = this.#contents[below(this.#random, this.#contents.length)];
    const asker = live.random(this.#random);
    if (content === undefined || nowMs - content.sinceMs < PUBLISHED_AFTER_MS) return;
    this.counts.asked += 1;
    let isAnswered = false;
    this.#simulation.lookup(asker, content.key, (outcome) => {
      isAnswered = true;
      this.#judge(content, outcome, nowMs);
    });
    // An asker that dies never answers itself.
    if (!isAnswered)
      this.#simulation.at(nowMs + 2 * this.#simulation.timing.lookupTimeoutMs, () => {
        if (!isAnswered && !isInTruth(asker)) this.counts.asked -= 1;
      });
  }

  #judge(content: Content, outcome: LookupOutcome, askedMs: number): void {
    const { counts } = this;
    const { live, nowMs } = this.#simulation;
    if (!isInTruth(content.provider)) {
      counts.asked -= 1;
      return;
    }
    this.durations.add(nowMs - askedMs);
    if (outcome.answeredBy === undefined) counts.unanswered += 1;
    const isFound = names(outcome, content.provider);
    if (isFound) counts.found += 1;
    if (isFound && outcome.hops <= 1) counts.firstTry += 1;
    const { answeredBy } = outcome;
    const replicas = live.successors(content.key, REPLICAS);
    if (answeredBy !== undefined && !replicas.some((node) => equalBytes(node.identity.nid, answeredBy))) {
      counts.elsewhere += 1;
    }
  }
}

function names(outcome: LookupOutcome, provider: SimulatedNode): boolean {
  return outcome.providers.some(({ record }) => equalBytes(record.publicKey, provider.identity.publicKey));
}
