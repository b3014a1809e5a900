import { createStore, get, set } from 'idb-keyval';
import { z } from 'zod';

import { PRIVATE_KEY_BYTES, SESSION_KEY_LIFETIME_MS } from '../player-limits.ts';

const keySchema = z.object({
  key: z.instanceof(Uint8Array).refine((key) => key.length === PRIVATE_KEY_BYTES),
  expiresAtMs: z.number(),
});

/** A fresh viewer key: 32 random bytes, which are a valid key but for once in 2¹²⁷. */
export function freshSessionKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(PRIVATE_KEY_BYTES));
}

/**
 * The key of a service worker, which the browser ends and starts again between two requests: kept in the site's own
 * database until it expires.
 */
export async function keptSessionKey(nowMs: number): Promise<Uint8Array> {
  const store = createStore('bcdn-session', 'key');
  const kept = keySchema.safeParse(await get('viewer', store));
  if (kept.success && kept.data.expiresAtMs > nowMs) return kept.data.key;
  const key = freshSessionKey();
  await set('viewer', { key, expiresAtMs: nowMs + SESSION_KEY_LIFETIME_MS }, store);
  return key;
}
