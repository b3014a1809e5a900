import type { CID } from 'multiformats/cid';

import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { Absences } from '../../core/storage/absences.ts';
import { SearchBudget } from '../../core/storage/search-budget.ts';
import type { ContentRouter, GatewayComponents } from './gateway-components.ts';
import { asGatewayError, GatewayError } from './gateway-error.ts';
import { FRUITLESS_SEARCHES, LOOKUP_TIMEOUT_MS, NO_PROVIDERS_MS } from './gateway-limits.ts';

type Found = Awaited<ReturnType<ContentRouter['lookup']>>;

const NOBODY: Found = { providers: [], hops: 0 };
const PURPOSE = 'providers';

/** Lookups for clients: what nobody held a moment ago is not looked up again, and lookups in vain are rationed. */
export class ProviderLookups {
  readonly #components: Pick<GatewayComponents, 'router' | 'clock'>;
  readonly #absences = new Absences();
  readonly #budget = new SearchBudget(FRUITLESS_SEARCHES);

  constructor(components: Pick<GatewayComponents, 'router' | 'clock'>) {
    this.#components = components;
  }

  /** @throws GatewayError LOOKUP_FAILED, SEARCHES_EXHAUSTED */
  async find(cid: CID, servers: number): Promise<Found> {
    const { router, clock } = this.#components;
    if (router === undefined) throw lookupFailed(cid, 'this node is not in the ring');
    // The codec is no part of what the ring knows.
    const name = contentRootOf(cid);
    if (this.#absences.leftMs(name, clock.nowMs()) > 0) return NOBODY;
    const leave = this.#budget.take(PURPOSE, clock.nowMs());
    if (leave === undefined) throw lookupsExhausted(cid);
    const found = await lookup(router, cid, servers);
    if (found.providers.length > 0) leave.found();
    else this.#absences.note(name, { forMs: NO_PROVIDERS_MS, nowMs: clock.nowMs() });
    return found;
  }
}

async function lookup(router: ContentRouter, cid: CID, servers: number): Promise<Found> {
  try {
    return await router.lookup(cid, { servers, signal: AbortSignal.timeout(LOOKUP_TIMEOUT_MS) });
  } catch (cause) {
    const known = asGatewayError(cause);
    throw (
      known ?? lookupFailed(cid, cause instanceof Error ? cause.message : 'the ring did not answer', cause)
    );
  }
}

function lookupFailed(cid: CID, reason: string, cause?: unknown): GatewayError {
  return new GatewayError(503, 'LOOKUP_FAILED', {
    message: `The content could not be looked up: ${reason}.`,
    values: { cid: cid.toString() },
    remedy: 'Try again in a second, or ask another edge.',
    headers: { 'retry-after': '1' },
    cause,
  });
}

function lookupsExhausted(cid: CID): GatewayError {
  return new GatewayError(503, 'SEARCHES_EXHAUSTED', {
    message: 'Too much was looked up here lately that nobody holds.',
    values: { cid: cid.toString(), searchesPerSecond: FRUITLESS_SEARCHES.perSecond },
    remedy: 'Try again in a second, or ask another edge.',
    headers: { 'retry-after': '1' },
  });
}
