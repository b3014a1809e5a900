import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { request } from 'undici';

import { base64UrlDecode, concatBytes } from '../../sdk/protocol/bytes.ts';
import { decodeSignedGrant, type SignedGrant } from '../../sdk/protocol/grant.ts';
import {
  ACKNOWLEDGED_HEADER,
  CREDIT_HEADER,
  GRANT_HEADER,
  PROVIDERS_PATH,
  RECEIPT_HEADER,
  RECEIPTS_PATH,
} from '../../sdk/protocol/http.ts';
import type { Address, GrantHash } from '../../sdk/protocol/identifiers.ts';
import { MAX_CREDIT_BYTES } from '../../sdk/protocol/limits.ts';
import { decodeSignedReceipt, decodeSignedReceipts, type SignedReceipt } from '../../sdk/protocol/receipt.ts';

/** It says that it has as much on record. */
const CLAIMED_BYTES = 1 << 30;

/**
 * An edge that pushes: it names itself as a provider, answers the first block of a fetch right and every other with
 * twice its bytes, and acknowledges far more than anybody signed.
 */
export class PushingEdge {
  readonly #server: Server;
  /** Where it gets the blocks from. */
  readonly #honestOrigin: string;
  readonly #providers: readonly Address[];
  readonly grants: SignedGrant[] = [];
  /** The best receipt of each grant. */
  readonly receipts = new Map<GrantHash, SignedReceipt>();
  sentBytes = 0;

  private constructor(server: Server, honestOrigin: string, providers: readonly Address[]) {
    this.#server = server;
    this.#honestOrigin = honestOrigin;
    this.#providers = providers;
  }

  /** @param providers whom it names when it is asked who holds a content */
  static async open(honestOrigin: string, providers: readonly Address[]): Promise<PushingEdge> {
    const server = createServer();
    const edge = new PushingEdge(server, honestOrigin, providers);
    server.on('request', (incoming, response) => {
      edge.#answer(incoming, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return edge;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get endpoint(): string {
    return `/ip4/127.0.0.1/tcp/${this.#port}/http`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = incoming.url ?? '';
    if (path === '/readyz') response.end();
    else if (path.startsWith(PROVIDERS_PATH)) {
      const Providers = this.#providers.map((operator) => ({ Addrs: [], Bcdn: { operator } }));
      json(response, { Providers, Bcdn: { hops: 1 } });
    } else if (path === RECEIPTS_PATH) {
      const delivered = decodeSignedReceipts(await bodyOf(incoming));
      delivered.forEach((receipt) => this.#keep(receipt));
      const acknowledged = delivered.map(({ receipt: { grantHash } }) => ({
        grantHash,
        bytes: CLAIMED_BYTES,
      }));
      json(response, { acknowledged });
    } else if (path.startsWith('/ipfs/')) await this.#push(incoming, path, response);
    else response.writeHead(404).end();
  }

  async #push(incoming: IncomingMessage, path: string, response: ServerResponse): Promise<void> {
    const [grant, receipt] = [incoming.headers[GRANT_HEADER], incoming.headers[RECEIPT_HEADER]];
    if (typeof grant === 'string') this.grants.push(decodeSignedGrant(base64UrlDecode(grant)));
    if (typeof receipt === 'string') this.#keep(decodeSignedReceipt(base64UrlDecode(receipt)));
    const { body } = await request(this.#honestOrigin + path);
    const block = new Uint8Array(await body.arrayBuffer());
    const bytes = this.sentBytes === 0 ? block : concatBytes(block, block);
    this.sentBytes += bytes.length;
    response.setHeader(CREDIT_HEADER, MAX_CREDIT_BYTES);
    response.setHeader(ACKNOWLEDGED_HEADER, CLAIMED_BYTES);
    response.end(bytes);
  }

  #keep(signed: SignedReceipt): void {
    const { grantHash, bytesCumulative } = signed.receipt;
    const best = this.receipts.get(grantHash);
    if (best === undefined || best.receipt.bytesCumulative < bytesCumulative)
      this.receipts.set(grantHash, signed);
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return concatBytes(...chunks);
}

function json(response: ServerResponse, document: object): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(document));
}
