import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { CID } from 'multiformats/cid';

import { base64UrlEncode, bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { epochAt } from '../../../sdk/protocol/epoch.ts';
import { encodeSignedGrant, grantDigest } from '../../../sdk/protocol/grant.ts';
import { parseAddress, parseDealId, parseEpoch, type Address } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';

export const CHAIN_ID = 31_337n;
/** Longer than any bench: no epoch ends meanwhile. */
export const EPOCH_SECONDS = 86_400;
const MARKET = parseAddress(`0x${'11'.repeat(20)}`);
const ZERO = `0x${'00'.repeat(20)}`;
const CHALLENGE_SECONDS = 60;

/** An edge that grants are issued for. */
export interface OfferedEdge {
  readonly node: Address;
  readonly origin: string;
  /** Multiaddrs of its libp2p host. */
  readonly addresses: readonly string[];
}

/**
 * The marketplace as far as a fetch needs it, without chain and database: one deal, real grants by a real key, for the
 * edges that take part in a case.
 */
export class GrantDesk {
  readonly dealId = parseDealId(`0x${'22'.repeat(32)}`);
  readonly market = MARKET;
  readonly #root: CID;
  readonly #key = randomBytes(32);
  readonly #server: Server;
  #edges: readonly OfferedEdge[] = [];
  #issued = 0n;

  constructor(root: CID) {
    this.#root = root;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((answer) => {
        response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer ?? {}));
      });
    });
  }

  get signer(): Address {
    return nativeSecp256k1.addressOf(this.#key);
  }

  /** @returns its URL */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Only these edges are granted from now on. */
  offer(edges: readonly OfferedEdge[]): void {
    this.#edges = edges;
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const path = request.url ?? '/';
    const body =
      request.method === 'POST' ? (JSON.parse(await text(request)) as Record<string, unknown>) : {};
    if (path === '/v1/network') {
      const contracts = { token: ZERO, registry: ZERO, market: MARKET };
      return { chainId: Number(CHAIN_ID), epochSeconds: EPOCH_SECONDS, ...contracts };
    }
    if (path.startsWith('/v1/content/')) {
      const allocations = this.#edges.map(({ node }) => ({ node, state: 'active' }));
      return { deals: [{ dealId: this.dealId, state: 'open', allocations }] };
    }
    if (path === '/v1/viewers/challenge')
      return {
        nonce: bytesToHex(randomBytes(32)),
        expiresAt: Math.floor(Date.now() / 1_000) + CHALLENGE_SECONDS,
      };
    if (path === '/v1/grants') return this.#grants(body);
    return undefined;
  }

  #grants(body: Record<string, unknown>): unknown {
    const epoch = parseEpoch(epochAt(Date.now() / 1_000, EPOCH_SECONDS));
    const wanted = body['nodes'] as readonly string[] | undefined;
    const viewerKey = parseAddress(String(body['viewerKey']));
    const grants = this.#edges
      .filter(({ node }) => wanted === undefined || wanted.includes(node))
      .map(({ node, origin, addresses }) => {
        // As the coordinator does: no two grants are equal.
        const capBytes = BigInt(String(body['capBytes'])) - ++this.#issued;
        const contentRoot = contentRootOf(this.#root);
        const grant = { dealId: this.dealId, node, viewerKey, epoch, capBytes, contentRoot };
        const domain = { chainId: CHAIN_ID, verifyingContract: MARKET };
        const signature = nativeSecp256k1.sign(grantDigest(domain, grant), this.#key);
        const { hostname, port } = new URL(origin);
        const endpoints = [`/ip4/${hostname}/tcp/${port}/http`, ...addresses];
        return { node, endpoints, grant: base64UrlEncode(encodeSignedGrant({ grant, signature })) };
      });
    return { epoch, epochEndsAt: (epoch + 1) * EPOCH_SECONDS, grants };
  }
}
