import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { z } from 'zod';

import type { NetworkNode } from './network-node.ts';

/** The ring is to heal within 10 s; a network that needs longer is watched until here to say how long. */
const GIVE_UP_MS = 30_000;
const LOOK_MS = 100;
/** Between two lookups at one edge: hardly noticed beside the viewers. */
const LOOKUP_PAUSE_MS = 50;
const LOOKUP_TIMEOUT_MS = 10_000;

/** How the ring took the death of an edge. */
export interface RingHealing {
  /** From SIGKILL until no other edge's table had the dead one in the ring; undefined if that was not seen. */
  readonly healedMs: number | undefined;
  /** Lookups asked of the other edges meanwhile. */
  readonly lookups: number;
  /** Refused, unanswered, or without a provider of the content. */
  readonly failedLookups: number;
  readonly slowestLookupMs: number;
}

const status = z.object({ ringMembers: z.number() });
const routing = z.object({ Providers: z.array(z.unknown()) });

/**
 * Kills an edge and watches the others until their tables have forgotten it, looking contents up all the time: the
 * published one, and others whose owners lie all around the ring, the dead edge among them.
 */
export async function killAndWatch(
  victim: NetworkNode,
  others: readonly NetworkNode[],
  cid: string,
): Promise<RingHealing> {
  const watching = new AbortController();
  const asking = others.map(async (edge) => lookUpUntil(edge, cid, watching.signal));
  await victim.kill();
  const beginMs = performance.now();
  let healedMs: number | undefined;
  while (healedMs === undefined && performance.now() - beginMs < GIVE_UP_MS) {
    const members = await Promise.all(others.map(async ({ httpUrl }) => ringMembers(httpUrl)));
    if (members.every((count) => count === others.length)) healedMs = performance.now() - beginMs;
    else await sleep(LOOK_MS);
  }
  watching.abort();
  const asked = (await Promise.all(asking)).flat();
  return {
    healedMs,
    lookups: asked.length,
    failedLookups: asked.filter(({ ok }) => !ok).length,
    slowestLookupMs: asked.reduce((slowest, { tookMs }) => Math.max(slowest, tookMs), 0),
  };
}

async function ringMembers(httpUrl: string): Promise<number> {
  const answer = await fetch(`${httpUrl}/bcdn/v1/status`);
  return status.parse(await answer.json()).ringMembers;
}

interface Asked {
  readonly ok: boolean;
  readonly tookMs: number;
}

async function lookUpUntil(edge: NetworkNode, cid: string, signal: AbortSignal): Promise<Asked[]> {
  const asked: Asked[] = [];
  while (!signal.aborted) {
    const wantsContent = asked.length % 2 === 0;
    const beginMs = performance.now();
    const found = await providersOf(edge.httpUrl, wantsContent ? cid : await anyContent());
    const ok = found !== undefined && (!wantsContent || found > 0);
    asked.push({ ok, tookMs: performance.now() - beginMs });
    await sleep(LOOKUP_PAUSE_MS);
  }
  return asked;
}

/** How many providers an edge names; undefined if it does not answer as it should. */
async function providersOf(httpUrl: string, cid: string): Promise<number | undefined> {
  try {
    const answer = await fetch(`${httpUrl}/routing/v1/providers/${cid}`, {
      signal: AbortSignal.timeout(LOOKUP_TIMEOUT_MS),
    });
    const { data } = routing.safeParse(await answer.json());
    return answer.ok ? data?.Providers.length : undefined;
  } catch (error) {
    // A broken connection, a late answer, no JSON: each is a lookup that failed, and is counted as one.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** A content that nobody has; its key lies anywhere on the ring. */
async function anyContent(): Promise<string> {
  return CID.createV1(raw.code, await sha256.digest(randomBytes(32))).toString();
}
