import type { CID } from 'multiformats/cid';

import { ClientError } from '../../client/client-error.ts';
import type { ByteRange } from '../../client/file-walk.ts';
import type { HttpAnswer, HttpExchange } from '../../client/http-exchange.ts';
import { verifyBlock, type Sha256 } from '../../protocol/content.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../protocol/limits.ts';
import { PlayerError } from '../player-error.ts';
import { ORIGIN_STALL_MS } from '../player-limits.ts';
import type { FileLayout } from './file-layout.ts';
import { fileUrlAt, type OriginPlace } from './origin-place.ts';

const CONTENT_RANGE = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/;

/** Reads from the publisher's own server what no node serves. */
export class OriginBytes {
  readonly #http: HttpExchange;
  readonly #sha256: Sha256;
  readonly place: OriginPlace;

  constructor(components: { readonly http: HttpExchange; readonly sha256: Sha256 }, place: OriginPlace) {
    this.#http = components.http;
    this.#sha256 = components.sha256;
    this.place = place;
  }

  /**
   * One block, verified as one of a node is.
   * @param layout says where in its file a leaf is; an origin that is a gateway needs none
   * @throws PlayerError ORIGIN_UNUSABLE, ORIGIN_UNVERIFIED (it cannot be told where in the file the block is)
   */
  async block(cid: CID, layout: FileLayout): Promise<Uint8Array> {
    const bytes = this.place.kind === 'gateway' ? await this.#raw(cid) : await this.#leaf(cid, layout);
    try {
      await verifyBlock(cid, bytes, this.#sha256);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw unusable(this.place.url, 'its bytes are not those of the content', cause);
    }
    return bytes;
  }

  /** Bytes of a file as the origin has them, and its length. Nobody has verified them. */
  async unverified(path: string, range: ByteRange): Promise<{ bytes: Uint8Array; fileBytes: number }> {
    const url = fileUrlAt(this.place, path);
    const answer = await this.#get(
      url,
      { range: `bytes=${range.start}-${range.end - 1}` },
      range.end - range.start,
    );
    const [, start, end, total] = CONTENT_RANGE.exec(answer.header('content-range') ?? '') ?? [];
    const fits = Number(start) === range.start && Number(end) - Number(start) + 1 === answer.body.length;
    if (answer.status !== 206 || !fits)
      throw unusable(url, `it does not answer ranges (status ${answer.status})`);
    return { bytes: answer.body, fileBytes: Number(total) };
  }

  async #raw(cid: CID): Promise<Uint8Array> {
    const url = `${this.place.url.replace(/\/+$/, '')}/ipfs/${cid.toString()}?format=raw`;
    const answer = await this.#get(url, { accept: 'application/vnd.ipld.raw' }, MAX_SERVED_BLOCK_BYTES);
    if (answer.status !== 200) throw unusable(url, `it answered ${answer.status}`);
    return answer.body;
  }

  async #leaf(cid: CID, layout: FileLayout): Promise<Uint8Array> {
    const leaf = layout.get(cid.toString());
    if (leaf === undefined) {
      throw new PlayerError('ORIGIN_UNVERIFIED', 'What the origin has cannot be verified.', {
        values: { cid: cid.toString(), origin: this.place.url },
        remedy: 'Try again when a node serves the content, or let the page show unverified bytes.',
      });
    }
    const { bytes } = await this.unverified(leaf.path, { start: leaf.offset, end: leaf.offset + leaf.bytes });
    return bytes;
  }

  async #get(url: string, headers: Record<string, string>, maxBytes: number): Promise<HttpAnswer> {
    try {
      return await this.#http.request({
        method: 'GET',
        ...{ url, headers, maxBytes, stallTimeoutMs: ORIGIN_STALL_MS },
      });
    } catch (cause) {
      if (cause instanceof ClientError) throw unusable(url, cause.message, cause);
      throw cause;
    }
  }
}

function unusable(url: string, reason: string, cause?: unknown): PlayerError {
  return new PlayerError('ORIGIN_UNUSABLE', `The origin ${url} is of no use: ${reason}.`, {
    values: { url, reason },
    remedy: 'The server must be reachable, allow other pages to read it (CORS) and answer byte ranges.',
    cause,
  });
}
