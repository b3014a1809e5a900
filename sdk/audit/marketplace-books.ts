import { z } from 'zod';

import { httpBaseOf } from '../client/endpoint.ts';
import { callJson, type CallComponents } from '../client/json-call.ts';
import { booksRequestDigest } from '../protocol/authorisation.ts';
import { base64UrlEncode } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { parseAddress, type DealId } from '../protocol/identifiers.ts';
import { decodeReceiptsWithGrants } from '../protocol/receipt.ts';
import type { Secp256k1 } from '../protocol/signature.ts';
import { decodeSignedVoucher, SIGNED_VOUCHER_BYTES } from '../protocol/voucher.ts';
import { AuditError } from './audit-error.ts';
import type { AuditHeader } from './audit-file.ts';
import {
  AUTHORISATION_SECONDS,
  MAX_EVENTS_PER_PAGE,
  MAX_LINE_BYTES,
  MAX_PEERS_PER_PAGE,
} from './audit-limits.ts';
import { dealEventSchema } from './deal-event.ts';
import { peerMeterSchema } from './peer-meter.ts';

const count = z.number().int().nonnegative();
const eventsSchema = z.object({
  chainId: z
    .string()
    .regex(/^\d{1,18}$/)
    .transform(BigInt),
  market: z.string().transform(parseAddress),
  epochSeconds: z.number().int().positive(),
  block: z.object({ number: count, hash: z.string().regex(/^0x[0-9a-f]{64}$/), timestampSeconds: count }),
  events: z.array(dealEventSchema).max(MAX_EVENTS_PER_PAGE),
  next: z.object({ blockNumber: count, logIndex: count }).nullable(),
});
const recordsSchema = z.object({
  records: z
    .string()
    .max(MAX_LINE_BYTES)
    .regex(/^[A-Za-z0-9_-]*$/)
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64url'))),
  next: z.string().max(66).nullable(),
});

const peersSchema = z.object({
  peers: z.array(peerMeterSchema).max(MAX_PEERS_PER_PAGE),
  next: z.object({ peer: z.string().max(42), ratePerGiB: z.string().max(39) }).nullable(),
});

export type EventsPage = z.output<typeof eventsSchema>;
export type PeersPage = z.output<typeof peersSchema>;

/** A page of signed records and where the next begins. */
export interface RecordsPage {
  readonly records: Uint8Array;
  /** Null on the last page. */
  readonly next: string | null;
}

export interface BooksComponents extends CallComponents {
  readonly secp256k1: Secp256k1;
}

/** Whose books, where they are, and who may read them. */
export interface BooksAccess {
  readonly dealId: DealId;
  /** e.g. `https://market.example` */
  readonly marketplace: string;
  /** 32 bytes: the key that opened the deal. */
  readonly publisherKey: Uint8Array;
}

const networkSchema = z.object({
  chainId: z
    .string()
    .regex(/^\d{1,18}$/)
    .transform(BigInt),
  market: z.string().transform(parseAddress),
});

/** The books of one deal as its marketplace hands them out. Every call carries a fresh signature of the publisher. */
export class MarketplaceBooks {
  readonly #components: BooksComponents;
  readonly #access: BooksAccess;
  readonly #base: string;
  #domain: { readonly chainId: bigint; readonly verifyingContract: AuditHeader['market'] } | undefined;

  /** @throws ClientError ENDPOINT_INVALID */
  constructor(components: BooksComponents, access: BooksAccess) {
    this.#components = components;
    this.#access = access;
    this.#base = httpBaseOf(access.marketplace);
  }

  get dealId(): DealId {
    return this.#access.dealId;
  }

  /** @throws ClientError */
  events(
    page: { readonly after?: EventsPage['next']; readonly throughBlock?: number },
    signal?: AbortSignal,
  ): Promise<EventsPage> {
    const { after, throughBlock } = page;
    const cursor = { ...(after != null && { after }), ...(throughBlock !== undefined && { throughBlock }) };
    return this.#call('events', cursor, eventsSchema, signal);
  }

  /** Whole vouchers of this deal. @throws ClientError; AuditError AUDIT_DOWNLOAD_INCONSISTENT */
  async vouchers(after: string | undefined, signal?: AbortSignal): Promise<RecordsPage> {
    const page = await this.#call('vouchers', after === undefined ? {} : { after }, recordsSchema, signal);
    this.#decode(() => {
      for (let offset = 0; offset < page.records.length; offset += SIGNED_VOUCHER_BYTES)
        decodeSignedVoucher(page.records.subarray(offset, offset + SIGNED_VOUCHER_BYTES));
    });
    return page;
  }

  /** What the coordinator counts for peers. @throws ClientError */
  peers(after: PeersPage['next'], signal?: AbortSignal): Promise<PeersPage> {
    return this.#call('peers', after === null ? {} : { after }, peersSchema, signal);
  }

  /**
   * Whole receipts, in rising order of their grant hashes, all after `after`.
   * @throws ClientError; AuditError AUDIT_DOWNLOAD_INCONSISTENT
   */
  async receipts(after: string | undefined, signal?: AbortSignal): Promise<RecordsPage> {
    const page = await this.#call('receipts', after === undefined ? {} : { after }, recordsSchema, signal);
    const pairs = this.#decode(() => decodeReceiptsWithGrants(page.records));
    let last = after ?? '';
    for (const { signedReceipt } of pairs) {
      const { grantHash } = signedReceipt.receipt;
      if (grantHash <= last) throw this.#inconsistent('its receipts are not in the order of their grants');
      last = grantHash;
    }
    if (page.next !== null && page.next !== last) throw this.#inconsistent('a page names another next one');
    return page;
  }

  async #call<S extends z.ZodTypeAny>(
    part: string,
    cursor: object,
    schema: S,
    signal: AbortSignal | undefined,
  ): Promise<z.output<S>> {
    const { dealId } = this.#access;
    const url = `${this.#base}/v1/deals/${dealId}/books/${part}`;
    const body = { ...(await this.#authorisation(signal)), ...cursor };
    return callJson(this.#components, { method: 'POST', url, body, signal, repeatable: true }, schema);
  }

  async #authorisation(signal: AbortSignal | undefined): Promise<{ expiresAt: number; signature: string }> {
    const { clock, secp256k1 } = this.#components;
    const { dealId, publisherKey } = this.#access;
    if (this.#domain === undefined) {
      const url = `${this.#base}/v1/network`;
      const network = await callJson(this.#components, { method: 'GET', url, signal }, networkSchema);
      this.#domain = { chainId: network.chainId, verifyingContract: network.market };
    }
    const expiresAt = Math.floor(clock.nowMs() / 1000) + AUTHORISATION_SECONDS;
    const digest = booksRequestDigest(this.#domain, { dealId, expiresAt: BigInt(expiresAt) });
    return { expiresAt, signature: base64UrlEncode(secp256k1.sign(digest, publisherKey)) };
  }

  #decode<T>(decode: () => T): T {
    try {
      return decode();
    } catch (failure) {
      if (failure instanceof ProtocolError) throw this.#inconsistent(failure.message, failure);
      throw failure;
    }
  }

  #inconsistent(reason: string, cause?: unknown): AuditError {
    return new AuditError(
      'AUDIT_DOWNLOAD_INCONSISTENT',
      `The books that ${this.#base} hands out cannot be used: ${reason}.`,
      {
        values: { marketplace: this.#base, reason },
        remedy: 'Try again; if it persists, tell the operator of the marketplace.',
        cause,
      },
    );
  }
}
