import type { CID } from 'multiformats/cid';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import {
  missStatus,
  type CacheOutcome,
  type RequestTimes,
} from '../../core/http-semantics/response-fields.ts';
import type { BlockLoan, BlockSpan } from '../../core/storage/block-ports.ts';
import { borrowBlock } from '../../core/storage/borrowed-block.ts';
import type { FillsBlocks } from './fills-blocks.ts';
import type { Exchange } from './exchange.ts';
import type { ServingComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';

/**
 * Blocks as one request sees them: from the store, else from elsewhere; remembers what had to be fetched and
 * how long that took, and stops when the client is gone.
 */
export class RequestBlocks {
  readonly #components: Pick<ServingComponents, 'blocks' | 'clock'>;
  readonly #fill: FillsBlocks;
  readonly #exchange: Exchange;
  readonly #contentRoot: ContentRoot | undefined;
  #hit = true;
  #collapsed = false;
  #waitMs = 0;
  #fillMs = 0;
  #absentMs = 0;
  /** Time that verifying the grant took. */
  verifyMs = 0;

  /** @param contentRoot what missing blocks are looked for as part of: that of the grant */
  constructor(
    parts: { components: Pick<ServingComponents, 'blocks' | 'clock'>; fill: FillsBlocks },
    exchange: Exchange,
    contentRoot: ContentRoot | undefined,
  ) {
    this.#components = parts.components;
    this.#fill = parts.fill;
    this.#exchange = exchange;
    this.#contentRoot = contentRoot;
  }

  /** @throws GatewayError BLOCK_NOT_FOUND, NOT_STORED, CLIENT_GONE, FILLS_BUSY, SEARCHES_EXHAUSTED */
  async get(cid: CID): Promise<Uint8Array> {
    if (this.#exchange.response.destroyed) throw clientGone();
    const stored = await this.#components.blocks.get(cid);
    if (stored !== undefined) return stored;
    const filled = (await this.fill(cid)) ? await this.#components.blocks.get(cid) : undefined;
    if (filled === undefined) throw this.notFound(cid);
    return filled;
  }

  /** Borrows bytes of a block. @throws as `get` */
  async borrow(cid: CID, span: BlockSpan): Promise<BlockLoan> {
    const stored = await this.borrowStored(cid, span);
    if (stored !== undefined) return stored;
    const filled = (await this.fill(cid)) ? await this.borrowStored(cid, span) : undefined;
    if (filled === undefined) throw this.notFound(cid);
    return filled;
  }

  /** Borrows a block, or bytes of it, if it is stored. @throws GatewayError CLIENT_GONE */
  async borrowStored(cid: CID, span?: BlockSpan): Promise<BlockLoan | undefined> {
    if (this.#exchange.response.destroyed) throw clientGone();
    return borrowBlock(this.#components.blocks, cid, span);
  }

  /** Size of a block, which is fetched if it is not stored. @throws as `get` */
  async sizeOf(cid: CID): Promise<number> {
    if (this.#exchange.response.destroyed) throw clientGone();
    const stored = await this.#components.blocks.sizeOf(cid);
    if (stored !== undefined) return stored;
    const filled = (await this.fill(cid)) ? await this.#components.blocks.sizeOf(cid) : undefined;
    if (filled === undefined) throw this.notFound(cid);
    return filled;
  }

  /** Fetches a block from elsewhere. @returns whether it is stored now @throws GatewayError NOT_STORED, FILLS_BUSY, SEARCHES_EXHAUSTED */
  async fill(cid: CID): Promise<boolean> {
    if (wantsStoredOnly(this.#exchange)) throw notStored(cid);
    const { clock } = this.#components;
    const startedMs = clock.nowMs();
    const { stored, collapsed, absentMs } = await this.#fill.fill(cid, this.#contentRoot);
    const elapsedMs = clock.nowMs() - startedMs;
    this.#hit = false;
    this.#absentMs = absentMs;
    this.#collapsed ||= collapsed;
    if (collapsed) this.#waitMs += elapsedMs;
    else this.#fillMs += elapsedMs;
    return stored;
  }

  /** That a block could not be had, and whether anybody was asked for it. */
  notFound(cid: CID): GatewayError {
    return blockNotFound(cid, this.#absentMs);
  }

  /** How content was obtained so far, for Cache-Status. */
  get outcome(): CacheOutcome {
    return { hit: this.#hit, collapsed: this.#collapsed };
  }

  /** Where time went so far, for Server-Timing. */
  get times(): RequestTimes {
    return {
      waitMs: this.#waitMs,
      fillMs: this.#fillMs,
      verifyMs: this.verifyMs,
      totalMs: this.#components.clock.nowMs() - this.#exchange.startedMs,
    };
  }
}

/** Cache-Control: only-if-cached (RFC 9111, section 5.2.1.7): the client would rather ask another node. */
function wantsStoredOnly({ request }: Exchange): boolean {
  return /(?:^|[\s,])only-if-cached(?:[\s,]|$)/i.test(request.headers['cache-control'] ?? '');
}

export function blockNotFound(cid: CID, absentMs: number): GatewayError {
  return new GatewayError(404, 'BLOCK_NOT_FOUND', {
    message: 'The block is not stored here and was not found elsewhere.',
    values: { cid: cid.toString() },
    remedy: 'Ask /routing/v1/providers for a node that holds it.',
    headers: { 'cache-status': missStatus(absentMs) },
  });
}

function notStored(cid: CID): GatewayError {
  return new GatewayError(412, 'NOT_STORED', {
    message: 'The block is not stored here, and the request is for what is stored only.',
    values: { cid: cid.toString() },
    remedy: 'Leave out Cache-Control: only-if-cached, or ask another node.',
  });
}

function clientGone(): GatewayError {
  return new GatewayError(499, 'CLIENT_GONE', {
    message: 'The client left before its answer was ready.',
    remedy: 'Send the request again.',
  });
}
