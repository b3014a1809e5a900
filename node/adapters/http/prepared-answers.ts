import type { OutgoingHttpHeaders } from 'node:http';

import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';

import { RAW_QUERY } from '../../core/http-semantics/content-form.ts';
import { cacheStatus, serverTiming } from '../../core/http-semantics/response-fields.ts';
import type { BlockLoan } from '../../core/storage/block-ports.ts';
import { BodyWriter } from './body-writer.ts';
import { CROSS_ORIGIN_HEADERS } from './cross-origin.ts';
import { addressOf, writeFlatHead, type Exchange } from './exchange.ts';
import type { OpenGrant } from '../delivery-desk/delivery-desk.ts';
import type { GatewayOptions } from './gateway-components.ts';
import { BODY_PIECE_BYTES, MAX_PREPARED_ANSWERS } from './gateway-limits.ts';
import type { RequestBlocks } from './request-blocks.ts';
import type { SendingMemory } from './sending-memory.ts';
import type { TransferDesk } from './transfer-desk.ts';

/** What every answer to one address has in common, where the body is one whole block. */
export interface PreparedAnswer {
  /** Where the path begins: what a grant has to be for. */
  readonly root: CID;
  /** The block that is the body. */
  readonly block: CID;
  readonly sizeBytes: number;
  /** Names and values of the headers that are always the same, in turn. */
  readonly head: readonly string[];
}

/** What sending content, and having it paid, needs. */
export interface PaidExchange {
  readonly exchange: Exchange;
  readonly desk: TransferDesk;
  readonly options: Pick<GatewayOptions, 'slowClientTimeoutMs'>;
  readonly memory: SendingMemory;
  /** The grant that pays; undefined for a client without one. */
  readonly open: OpenGrant | undefined;
  readonly blocks: RequestBlocks;
}

/**
 * Remembers answers to plain requests: GET, no range, no condition, any form. What was found out for the first
 * request to an address is true for all that follow, because content never changes; payment, the bytes and where they came
 * from are not remembered.
 */
export class PreparedAnswers {
  readonly #answers = new LRUCache<string, PreparedAnswer>({ max: MAX_PREPARED_ANSWERS });

  find(exchange: Exchange): PreparedAnswer | undefined {
    return isPlain(exchange) ? this.#answers.get(addressOf(exchange)) : undefined;
  }

  /** @param headers those that do not vary, without those that every answer has */
  remember(
    exchange: Exchange,
    answer: Omit<PreparedAnswer, 'head'> & { readonly headers: OutgoingHttpHeaders },
  ): void {
    if (!isPlain(exchange)) return;
    const { headers, ...body } = answer;
    const head: string[] = [];
    for (const [name, value] of Object.entries({ ...CROSS_ORIGIN_HEADERS, ...headers })) {
      head.push(name, String(value));
    }
    this.#answers.set(addressOf(exchange), { ...body, head });
  }
}

/**
 * Sends a prepared answer. @returns false if nothing was sent, because the block is not stored or many slow clients
 * hold blocks: then the request is answered as if nothing were prepared
 * @throws DeliveryError; what reading throws
 */
export async function sendPrepared(content: PaidExchange, answer: PreparedAnswer): Promise<boolean> {
  const { exchange, desk, open, options, memory } = content;
  const large = answer.sizeBytes > BODY_PIECE_BYTES;
  if (large && memory.crowded) return false;
  const leave = await desk.take(exchange, open, answer.sizeBytes);
  const writer = new BodyWriter(exchange.response, { timeoutMs: options.slowClientTimeoutMs });
  let loan: BlockLoan | undefined;
  try {
    loan = await content.blocks.borrowStored(answer.block);
    if (loan?.bytes.length !== answer.sizeBytes) return false;
    if (writer.closed) return true;
    writeFlatHead(exchange, 200, headOf(content, answer));
    if (large) memory.hold(loan.bytes);
    try {
      await writer.finish(loan.bytes);
    } finally {
      if (large) memory.release(loan.bytes);
    }
    return true;
  } finally {
    loan?.end();
    leave.settle(writer.sent);
  }
}

function headOf({ desk, open, blocks }: PaidExchange, { head }: PreparedAnswer): string[] {
  const all = [
    ...head,
    'cache-status',
    cacheStatus(blocks.outcome),
    'server-timing',
    serverTiming(blocks.times),
  ];
  if (open !== undefined) {
    for (const [name, value] of Object.entries(desk.headersOf(open))) all.push(name, String(value));
  }
  return all;
}

/** Requests whose answer depends on their address alone. What a query of a form names does not depend on Accept. */
function isPlain({ request, headOnly, query }: Exchange): boolean {
  const { accept, range, 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
  return (
    !headOnly &&
    range === undefined &&
    ifMatch === undefined &&
    ifNoneMatch === undefined &&
    (accept === undefined || accept === '*/*' || query === RAW_QUERY)
  );
}
