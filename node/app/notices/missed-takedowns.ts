import { request } from 'undici';
import { z } from 'zod';

import { httpOriginOf } from '../../../sdk/client/endpoint.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { decodeSignedNotice, MAX_SIGNED_NOTICE_BYTES } from '../../../sdk/protocol/content-notice.ts';
import { NOTICES_PATH } from '../../../sdk/protocol/http.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { MAX_LISTED_TAKEDOWNS } from '../../core/notices/notice-limits.ts';

/** Edges that are asked. */
const MAX_ASKED = 3;
const ANSWER_TIMEOUT_MS = 5_000;
/** Signed takedowns in base64url. */
const MAX_NOTICE_CHARACTERS = Math.ceil((MAX_SIGNED_NOTICE_BYTES * 4) / 3);
const MAX_ANSWER_BYTES = MAX_LISTED_TAKEDOWNS * (MAX_NOTICE_CHARACTERS + 3) + 64;

const answerSchema = z.object({
  takedowns: z.array(z.string().max(MAX_NOTICE_CHARACTERS)).max(MAX_LISTED_TAKEDOWNS),
});

/** Takedowns that other edges know, of deals that are wanted; nothing of them is checked but their form. */
export async function* missedTakedowns(
  edges: readonly { readonly endpoints: readonly string[] }[],
  isWanted: (dealId: DealId) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const origins = edges.flatMap(({ endpoints }) => httpOriginOf(endpoints) ?? []);
  for (const origin of origins.slice(0, MAX_ASKED)) {
    for (const text of await takedownsOf(origin, signal)) {
      const bytes = decoded(text);
      if (bytes !== undefined && isWanted(decodeSignedNotice(bytes).notice.dealId)) yield bytes;
    }
  }
}

/** An edge that does not answer, or not in this form, knows none. */
async function takedownsOf(origin: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { statusCode, body } = await request(`${origin}${NOTICES_PATH}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) return [];
      chunks.push(chunk);
    }
    const answer = answerSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    return statusCode === 200 && answer.success ? answer.data.takedowns : [];
  } catch {
    return [];
  }
}

function decoded(text: string): Uint8Array | undefined {
  try {
    const bytes = base64UrlDecode(text);
    decodeSignedNotice(bytes);
    return bytes;
  } catch {
    return undefined;
  }
}
