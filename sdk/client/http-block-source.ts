import { base64UrlEncode } from '../protocol/bytes.ts';
import {
  ACKNOWLEDGED_HEADER,
  CREDIT_HEADER,
  GRANT_HEADER,
  RECEIPT_HEADER,
  RECEIPTS_PATH,
} from '../protocol/http.ts';
import { encodeSignedReceipt, encodeSignedReceipts, type SignedReceipt } from '../protocol/receipt.ts';
import type { BlockAnswer, BlockRequest, BlockSource } from './block-source.ts';
import type { Acknowledgement } from './acknowledgement.ts';
import { ClientError } from './client-error.ts';
import { MAX_JSON_BYTES, RECEIPT_TIMEOUT_MS } from './client-limits.ts';
import type { EdgeState } from './grant-account.ts';
import { acknowledgementsSchema, byteCount } from './acknowledgement.ts';
import type { HttpAnswer, HttpExchange, HttpRequest } from './http-exchange.ts';
import { decodeJson, refusalOf } from './json-call.ts';

/**
 * Headers keep addresses short and the same for everybody; a page of another origin has to ask leave for headers of ours
 * (`OPTIONS`), for each address anew, and for parameters not at all.
 */
export type PaymentPlace = 'headers' | 'address';

/** Blocks of one edge over its HTTP interface (SPEC.md, HTTP binding). */
export class HttpBlockSource implements BlockSource {
  readonly #http: HttpExchange;
  readonly #origin: string;
  readonly #paymentIn: PaymentPlace;

  /**
   * @param origin scheme, host and port of the edge, without a slash at the end
   * @param options.paymentIn where grant and receipt of a block request stand @default headers
   */
  constructor(
    http: HttpExchange,
    origin: string,
    { paymentIn = 'headers' }: { readonly paymentIn?: PaymentPlace } = {},
  ) {
    this.#http = http;
    this.#origin = origin;
    this.#paymentIn = paymentIn;
  }

  async fetchBlock(request: BlockRequest): Promise<BlockAnswer> {
    const answer = await this.#http.request({
      method: 'GET',
      url: `${this.#origin}/ipfs/${request.cid.toString()}?format=raw`,
      ...this.#paying(request),
      maxBytes: request.maxBytes,
      stallTimeoutMs: request.stallTimeoutMs,
      signal: request.signal,
      sha256: true,
    });
    const state = edgeStateOf(answer);
    const { status, body: bytes, waitedMs, sha256 } = answer;
    if (status === 200) return { kind: 'block', bytes, state, waitedMs, sha256 };
    return { kind: 'refused', refusal: refusalOf(answer), state };
  }

  #paying({ grant, receipt }: BlockRequest): Pick<HttpRequest, 'headers' | 'unshownQuery'> {
    const texts = {
      [GRANT_HEADER]: grant,
      ...(receipt && { [RECEIPT_HEADER]: base64UrlEncode(encodeSignedReceipt(receipt)) }),
    };
    if (this.#paymentIn === 'headers') return { headers: { accept: 'application/vnd.ipld.raw', ...texts } };
    const fields = Object.entries(texts).map(([name, text]) => `${name}=${text}`);
    return { unshownQuery: fields.join('&') };
  }

  async deliverReceipts(
    receipts: readonly SignedReceipt[],
    signal?: AbortSignal,
  ): Promise<Acknowledgement[]> {
    const url = this.#origin + RECEIPTS_PATH;
    const answer = await this.#http.request({
      method: 'POST',
      url,
      // No type of the body: with one, a page would have to ask leave first.
      headers: { accept: 'application/json' },
      body: encodeSignedReceipts(receipts),
      maxBytes: MAX_JSON_BYTES,
      stallTimeoutMs: RECEIPT_TIMEOUT_MS,
      signal,
    });
    if (answer.status !== 200) {
      const refusal = refusalOf(answer);
      throw new ClientError('ANSWER_INVALID', `${url} did not take the receipts: ${refusal.message}`, {
        values: { ...refusal.values, url, status: refusal.status, refusal: refusal.code },
        remedy: refusal.remedy,
      });
    }
    return decodeJson(url, answer, acknowledgementsSchema).acknowledged;
  }
}

function edgeStateOf(answer: HttpAnswer): EdgeState {
  return {
    windowBytes: headerBytes(answer, CREDIT_HEADER),
    acknowledgedBytes: headerBytes(answer, ACKNOWLEDGED_HEADER),
  };
}

function headerBytes(answer: HttpAnswer, name: string): number | undefined {
  const parsed = byteCount().safeParse(answer.header(name));
  return parsed.success ? parsed.data : undefined;
}
