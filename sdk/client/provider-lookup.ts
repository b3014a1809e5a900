import type { CID } from 'multiformats/cid';
import { z } from 'zod';

import { PROVIDERS_PATH } from '../protocol/http.ts';
import { parseAddress, type Address } from '../protocol/identifiers.ts';
import { MAX_PROVIDERS } from './client-limits.ts';
import { httpOriginOf } from './endpoint.ts';
import { callJson, type CallComponents } from './json-call.ts';

/** A node that holds the content, as the ring's index says. */
export interface Provider {
  readonly operator: Address;
  readonly region: string | undefined;
  /** Its HTTP interface; undefined if it announces none. */
  readonly origin: string | undefined;
}

/** Answer of one lookup. */
export interface Lookup {
  readonly providers: readonly Provider[];
  /** Nodes that the question passed beyond the edge that was asked; 1 is the one hop that the ring promises. */
  readonly hops: number;
}

const recordSchema = z.object({
  Addrs: z.array(z.string().max(256)).max(16).default([]),
  Bcdn: z.object({ operator: z.string().transform(parseAddress), region: z.string().max(8).optional() }),
});

const lookupSchema = z.object({
  // Records of other kinds are allowed beside ours (IPIP-337): each is decoded on its own.
  Providers: z.array(z.unknown()).nullable().default([]),
  Bcdn: z.object({ hops: z.number().int().min(0).max(64) }),
});

/**
 * Asks an edge which nodes hold a content: delegated routing (IPIP-337), answered through the one-hop ring (RING.md).
 * @throws ClientError UNREACHABLE, STALLED, ANSWER_INVALID, MARKETPLACE_REFUSED
 */
export async function lookUpProviders(
  components: CallComponents,
  origin: string,
  target: { readonly cid: CID; readonly signal?: AbortSignal | undefined },
): Promise<Lookup> {
  const url = `${origin}${PROVIDERS_PATH}${target.cid.toString()}`;
  const answer = await callJson(components, { method: 'GET', url, signal: target.signal }, lookupSchema);
  const providers: Provider[] = [];
  for (const unknownRecord of (answer.Providers ?? []).slice(0, MAX_PROVIDERS)) {
    const record = recordSchema.safeParse(unknownRecord);
    if (!record.success) continue;
    const { Addrs, Bcdn } = record.data;
    providers.push({ operator: Bcdn.operator, region: Bcdn.region, origin: httpOriginOf(Addrs) });
  }
  return { providers, hops: answer.Bcdn.hops };
}
