import { z } from 'zod';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import { callJson } from '../../../sdk/client/json-call.ts';

/** Nodes that are looked at: of a larger network the first so many give its prices well enough. */
const MAX_NODES = 1_000;
const PAGE_NODES = 100;
const TIMEOUT_MS = 5_000;

const pageSchema = z.object({
  total: z.number().int().nonnegative(),
  nodes: z
    .array(
      z.object({
        askWeiPerGiB: z
          .string()
          .regex(/^\d{1,39}$/)
          .transform(BigInt),
      }),
    )
    .max(PAGE_NODES),
});

/** What the active edges of a marketplace ask, wei per GiB. */
export interface MarketAsks {
  readonly nodes: number;
  readonly lowestWeiPerGib: string;
  readonly medianWeiPerGib: string;
  readonly highestWeiPerGib: string;
}

/** Reads what active edges ask; null where there is none. @throws ClientError UNREACHABLE, STALLED, ANSWER_INVALID, MARKETPLACE_REFUSED */
export async function marketAsks(marketplaceUrl: string): Promise<MarketAsks | null> {
  const calls = { http: new FetchExchange(), clock: systemClock };
  const asks: bigint[] = [];
  for (let offset = 0; offset < MAX_NODES; offset += PAGE_NODES) {
    const url = `${marketplaceUrl}/v1/nodes?role=edge&active=true&offset=${offset}&limit=${PAGE_NODES}`;
    const page = await callJson(
      calls,
      { method: 'GET', url, timeoutMs: TIMEOUT_MS, repeatable: false },
      pageSchema,
    );
    asks.push(...page.nodes.map(({ askWeiPerGiB }) => askWeiPerGiB));
    if (page.nodes.length === 0 || asks.length >= page.total) break;
  }
  return spreadOf(asks);
}

/** Lowest, median (the lower of two in the middle) and highest. */
export function spreadOf(asks: readonly bigint[]): MarketAsks | null {
  const sorted = [...asks].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const lowest = sorted[0];
  const median = sorted[(sorted.length - 1) >> 1];
  const highest = sorted.at(-1);
  if (lowest === undefined || median === undefined || highest === undefined) return null;
  return {
    nodes: sorted.length,
    lowestWeiPerGib: lowest.toString(),
    medianWeiPerGib: median.toString(),
    highestWeiPerGib: highest.toString(),
  };
}
