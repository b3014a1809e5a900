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
import type { HttpAnswer, HttpExchange } from './http-exchange.ts';
import { decodeJson, refusalOf } from './json-call.ts';

/** Blocks of one edge over its HTTP interface (SPEC.md, HTTP binding). */
export class HttpBlockSource implements BlockSource {
  readonly #http: HttpExchange;
  readonly #origin: string;

  /** @param origin scheme, host and port of the edge, without a slash at the end */
  constructor(http: HttpExchange, origin: string) {
    this.#http = http;
    this.#origin = origin;
  }

  async fetchBlock(request: BlockRequest): Promise<BlockAnswer> {
    const { receipt } = request;
    const answer = await this.#http.request({
      method: 'GET',
      url: `${this.#origin}/ipfs/${request.cid.toString()}?format=raw`,
      headers: {
        accept: 'application/vnd.ipld.raw',
        [GRANT_HEADER]: request.grant,
        ...(receipt && { [RECEIPT_HEADER]: base64UrlEncode(encodeSignedReceipt(receipt)) }),
      },
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

  async deliverReceipts(
    receipts: readonly SignedReceipt[],
    signal?: AbortSignal,
  ): Promise<Acknowledgement[]> {
    const url = this.#origin + RECEIPTS_PATH;
    const answer = await this.#http.request({
      method: 'POST',
      url,
      headers: { accept: 'application/json', 'content-type': 'application/octet-stream' },
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
