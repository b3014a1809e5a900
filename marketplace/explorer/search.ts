import { cidOfContentRoot, contentRootOf, parseCid } from '../../sdk/protocol/content.ts';
import { ProtocolError } from '../../sdk/protocol/errors.ts';
import { parseAddress, parseDealId } from '../../sdk/protocol/identifiers.ts';
import type { Sql } from '../database/database.ts';
import { listDeals, type DealRecord } from '../database/deal-records.ts';
import { readDealsOfContent } from '../database/deal-records.ts';
import { findByPrefix, type Found } from '../database/prefix-search.ts';
import { findBatch } from '../database/receipt-batches.ts';
import { MAX_SEARCH_RESULTS } from '../limits.ts';

export interface SearchResult {
  readonly kind: 'node' | 'deal' | 'transaction' | 'content' | 'batch';
  readonly id: string;
  /** Page of the explorer. */
  readonly path: string;
}

/** Fewer digits would find half the chain. */
const MIN_PREFIX = /^0x[0-9a-f]{4,64}$/;
const BATCH = /^(0x[0-9a-f]{64})\/(0x[0-9a-f]{40})\/(\d{1,10})$/;
const MAX_EPOCH = 4_294_967_295;

/** What a text may mean: a batch, a content, or what begins with its digits; nothing that does not exist. */
export async function search(sql: Sql, text: string): Promise<SearchResult[]> {
  const query = text.trim();
  const lower = query.toLowerCase();
  const results = BATCH.test(lower)
    ? await batchesOf(sql, lower)
    : MIN_PREFIX.test(lower)
      ? await resultsOfPrefix(sql, lower)
      : await contentsOf(sql, query);
  return unique(results).slice(0, MAX_SEARCH_RESULTS);
}

async function batchesOf(sql: Sql, query: string): Promise<SearchResult[]> {
  const [, deal = '', node = '', epochText = ''] = BATCH.exec(query) ?? [];
  const epoch = Number(epochText);
  if (epoch > MAX_EPOCH) return [];
  const batch = await findBatch(sql, { dealId: parseDealId(deal), node: parseAddress(node), epoch });
  return batch === undefined ? [] : [{ kind: 'batch', id: query, path: `/explore/batches/${query}` }];
}

async function resultsOfPrefix(sql: Sql, prefix: string): Promise<SearchResult[]> {
  const found = await findByPrefix(sql, prefix, MAX_SEARCH_RESULTS);
  const results = await Promise.all(found.map((one) => resultsOf(sql, one)));
  return results.flat();
}

async function resultsOf(sql: Sql, { kind, id }: Found): Promise<SearchResult[]> {
  switch (kind) {
    case 'node':
      return [{ kind, id, path: `/explore/nodes/${id}` }];
    case 'deal':
      return [dealResult(id)];
    case 'transaction':
      return [{ kind, id, path: `/explore/transactions/${id}` }];
    case 'publisher': {
      const page = { offset: 0, limit: MAX_SEARCH_RESULTS };
      const { rows } = await listDeals(sql, { publisher: parseAddress(id) }, page);
      return rows.map(({ dealId }) => dealResult(dealId));
    }
    case 'contentRoot': {
      const page = { offset: 0, limit: MAX_SEARCH_RESULTS };
      const { rows } = await listDeals(sql, { contentRoot: id as DealRecord['contentRoot'] }, page);
      return rows.flatMap(contentResults);
    }
  }
}

async function contentsOf(sql: Sql, text: string): Promise<SearchResult[]> {
  try {
    const cid = parseCid(text);
    const content = { root: contentRootOf(cid), codec: cid.code };
    const deals = await readDealsOfContent(sql, content, MAX_SEARCH_RESULTS);
    return deals.flatMap(contentResults);
  } catch (failure) {
    // A text that is no CID names nothing.
    if (failure instanceof ProtocolError) return [];
    throw failure;
  }
}

/** A deal's content, where its codec names one, and the deal. */
function contentResults({ dealId, contentRoot, contentCodec }: DealRecord): SearchResult[] {
  try {
    const cid = cidOfContentRoot(contentRoot, contentCodec).toString();
    return [{ kind: 'content', id: cid, path: `/explore/contents/${cid}` }, dealResult(dealId)];
  } catch (failure) {
    // The chain does not interpret codecs, so a deal may name one that is no CID of ours.
    if (failure instanceof ProtocolError) return [dealResult(dealId)];
    throw failure;
  }
}

function dealResult(id: string): SearchResult {
  return { kind: 'deal', id, path: `/explore/deals/${id}` };
}

function unique(results: readonly SearchResult[]): SearchResult[] {
  return [...new Map(results.map((result) => [result.path, result])).values()];
}
