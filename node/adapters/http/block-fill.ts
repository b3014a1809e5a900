import type { CID } from 'multiformats/cid';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import { Absences } from '../../core/storage/absences.ts';
import { SearchBudget, type SearchLeave } from '../../core/storage/search-budget.ts';
import type { GatewayComponents } from './gateway-components.ts';
import type { FillOutcome, FillsBlocks } from './fills-blocks.ts';
import { asGatewayError, GatewayError } from './gateway-error.ts';
import {
  ABSENT_FROM_CONTENT_MS,
  ABSENT_MS,
  FILL_TIMEOUT_MS,
  FRUITLESS_SEARCHES,
  MAX_FILLS,
} from './gateway-limits.ts';

type FillComponents = Pick<
  GatewayComponents,
  'blocks' | 'fill' | 'metrics' | 'log' | 'clock' | 'absences' | 'withheld'
>;

/** Purpose of searches for clients without a grant. */
const WITHOUT_GRANT = '';

/**
 * Gets missing blocks from elsewhere: one flight for all who ask for the same one (DELIVERY.md, miss). What nobody had is
 * not looked for again for a short time, and searches in vain are rationed.
 */
export class BlockFill implements FillsBlocks {
  readonly #components: FillComponents;
  readonly #flights = new Map<string, Promise<boolean>>();
  readonly #absences: Absences;
  readonly #budget = new SearchBudget(FRUITLESS_SEARCHES);

  constructor(components: FillComponents) {
    this.#components = components;
    this.#absences = components.absences ?? new Absences();
  }

  /** @throws GatewayError CONTENT_WITHDRAWN, FILLS_BUSY, SEARCHES_EXHAUSTED */
  async fill(cid: CID, contentRoot: ContentRoot | undefined): Promise<FillOutcome> {
    const { fill, clock, withheld } = this.#components;
    if (withheld?.(cid, contentRoot) === true) throw withdrawn(cid);
    if (fill === undefined) return { stored: false, collapsed: false, absentMs: 0 };
    const key = `${cid.toString()} ${contentRoot ?? ''}`;
    const known = this.#flights.get(key);
    if (known !== undefined) return { stored: await known, collapsed: true, absentMs: 0 };
    const nowMs = clock.nowMs();
    const absentMs = this.#absences.leftMs(key, nowMs);
    if (absentMs > 0) return { stored: false, collapsed: false, absentMs };
    if (this.#flights.size >= MAX_FILLS) throw fillsBusy();
    const leave = this.#budget.take(contentRoot ?? WITHOUT_GRANT, nowMs);
    if (leave === undefined) throw searchesExhausted(cid);
    const flight = this.#search(key, cid, { contentRoot, leave }).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return { stored: await flight, collapsed: false, absentMs: 0 };
  }

  async #search(
    key: string,
    cid: CID,
    { contentRoot, leave }: { contentRoot: ContentRoot | undefined; leave: SearchLeave },
  ): Promise<boolean> {
    const stored = await this.#fetch(cid, contentRoot);
    if (stored) leave.found();
    else {
      // Somebody may be bringing the rest of a content that a grant is for.
      const forMs = contentRoot === undefined ? ABSENT_MS : ABSENT_FROM_CONTENT_MS;
      this.#absences.note(key, { content: contentRoot, forMs, nowMs: this.#components.clock.nowMs() });
    }
    return stored;
  }

  async #fetch(cid: CID, contentRoot: ContentRoot | undefined): Promise<boolean> {
    const { blocks, fill, metrics, log } = this.#components;
    try {
      await fill?.(cid, contentRoot, AbortSignal.timeout(FILL_TIMEOUT_MS));
    } catch (error) {
      metrics.fill('failed');
      log.warn(
        { cid: cid.toString(), code: asGatewayError(error)?.code, error },
        'a missing block could not be fetched',
      );
      return false;
    }
    const filled = (await blocks.sizeOf(cid)) !== undefined;
    metrics.fill(filled ? 'filled' : 'missing');
    return filled;
  }
}

function withdrawn(cid: CID): GatewayError {
  return new GatewayError(410, 'CONTENT_WITHDRAWN', {
    message: 'The publisher took this content down.',
    values: { cid: cid.toString() },
    remedy: 'It is not served any more; ask the publisher.',
  });
}

function fillsBusy(): GatewayError {
  return new GatewayError(503, 'FILLS_BUSY', {
    message: 'The node is fetching as many missing blocks as it can.',
    values: { maxFills: MAX_FILLS },
    remedy: 'Try again in a second, or ask another node.',
    headers: { 'retry-after': '1' },
  });
}

function searchesExhausted(cid: CID): GatewayError {
  return new GatewayError(503, 'SEARCHES_EXHAUSTED', {
    message: 'Too much was looked for here lately that nobody has.',
    values: { cid: cid.toString(), searchesPerSecond: FRUITLESS_SEARCHES.perSecond },
    remedy: 'Try again in a second, or ask another node.',
    headers: { 'retry-after': '1' },
  });
}
