import { LRUCache } from 'lru-cache';

import { httpOriginOf } from '../../sdk/client/endpoint.ts';
import { isYounger, type Clock } from '../../sdk/pacing/clock.ts';
import type { NodeRecord } from '../database/node-records.ts';
import { HOLDING_ANSWER_LIFETIME_MS, MAX_REMEMBERED_HOLDINGS } from '../limits.ts';
import { askNode } from './probing.ts';

/** Whether a node holds the root block of a content; `unknown` if it does not say. */
export type HoldsContent = 'yes' | 'no' | 'unknown';

/** Asks a node for what it has stored only; never rejects. @param origin e.g. `http://192.0.2.1:8080` */
export type HoldingProbe = (origin: string, cid: string) => Promise<HoldsContent>;

interface Answer {
  readonly atMs: number;
  readonly answer: Promise<HoldsContent>;
}

/** Knows which nodes hold a content: they are asked when a page wants to know, and no more often than it helps. */
export class ContentPresence {
  readonly #clock: Clock;
  readonly #probe: HoldingProbe;
  readonly #answers = new LRUCache<string, Answer>({ max: MAX_REMEMBERED_HOLDINGS });

  constructor(components: { clock: Clock; probe: HoldingProbe }) {
    this.#clock = components.clock;
    this.#probe = components.probe;
  }

  /** @param cid text of the root CID */
  async holds(node: NodeRecord, cid: string): Promise<HoldsContent> {
    const origin = httpOriginOf(node.endpoints);
    if (origin === undefined) return 'unknown';
    const key = `${origin} ${cid}`;
    const nowMs = this.#clock.nowMs();
    const known = this.#answers.get(key);
    if (known !== undefined && isYounger(known.atMs, nowMs, HOLDING_ANSWER_LIFETIME_MS)) return known.answer;
    const answer = this.#probe(origin, cid);
    this.#answers.set(key, { atMs: nowMs, answer });
    return answer;
  }
}

/** Asks over HTTP for the root block as it is stored (RFC 9111, only-if-cached): 200 is yes, 412 is no. */
export const httpHoldingProbe: HoldingProbe = async (origin, cid) => {
  try {
    const response = await askNode(`${origin}/ipfs/${cid}?format=raw`, {
      method: 'HEAD',
      headers: { 'cache-control': 'only-if-cached' },
    });
    if (response.status === 200) return 'yes';
    return response.status === 412 || response.status === 404 ? 'no' : 'unknown';
  } catch {
    // Silent or refused: whether it holds the content cannot be told, and the page says so.
    return 'unknown';
  }
};
