import type { CID } from 'multiformats/cid';
import { z } from 'zod';

import { PROVIDERS_PATH } from '../protocol/http.ts';
import { parseAddress, type Address } from '../protocol/identifiers.ts';
import { ClientError } from './client-error.ts';
import { LOOKUP_HEDGE_MS, LOOKUP_TIMEOUT_MS, MAX_PROVIDERS } from './client-limits.ts';
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
  const { signal } = target;
  // Another edge is a better second attempt than the same one.
  const call = { method: 'GET', url, signal, timeoutMs: LOOKUP_TIMEOUT_MS, repeatable: false } as const;
  const answer = await callJson(components, call, lookupSchema);
  const providers: Provider[] = [];
  for (const unknownRecord of (answer.Providers ?? []).slice(0, MAX_PROVIDERS)) {
    const record = recordSchema.safeParse(unknownRecord);
    if (!record.success) continue;
    const { Addrs, Bcdn } = record.data;
    providers.push({ operator: Bcdn.operator, region: Bcdn.region, origin: httpOriginOf(Addrs) });
  }
  return { providers, hops: answer.Bcdn.hops };
}

/**
 * Asks edges one after the other until one answers: the next at once when one fails, or beside it when it is slow
 * ("hedged requests": Dean and Barroso, "The Tail at Scale", 2013), so that a dead edge holds no fetch up.
 * @returns undefined when none answered
 * @throws the signal's reason
 */
export async function lookUpAtOneOf(
  components: CallComponents,
  origins: readonly string[],
  target: { readonly cid: CID; readonly signal?: AbortSignal | undefined },
): Promise<Lookup | undefined> {
  const over = new AbortController();
  const signal = target.signal === undefined ? over.signal : AbortSignal.any([over.signal, target.signal]);
  const asked: Promise<Lookup>[] = [];
  try {
    for (const origin of origins) {
      asked.push(lookUpProviders(components, origin, { cid: target.cid, signal }));
      const late = components.clock.sleep(LOOKUP_HEDGE_MS, signal).then(() => undefined);
      // Aborted with the lookup, when nobody waits for it any more.
      late.catch(() => undefined);
      const answer = await Promise.race([firstOf(asked), late]);
      if (answer !== undefined) return answer;
    }
    return await firstOf(asked);
  } catch (error) {
    target.signal?.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
}

/** The first answer of all; undefined when all have failed: an edge that is away says nothing of the ring. */
async function firstOf(asked: readonly Promise<Lookup>[]): Promise<Lookup | undefined> {
  try {
    return await Promise.any(asked);
  } catch (error) {
    const failed = error instanceof AggregateError ? error.errors : [error];
    if (failed.every((each) => each instanceof ClientError)) return undefined;
    throw error;
  }
}
