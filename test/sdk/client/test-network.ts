import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';

import type { CID } from 'multiformats/cid';

import type { AllocationView, DealView } from '../../../node/core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import { grantRequestDigest } from '../../../sdk/protocol/authorisation.ts';
import { base64UrlDecode, base64UrlEncode, bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { epochAt } from '../../../sdk/protocol/epoch.ts';
import {
  decodeSignedGrant,
  encodeSignedGrant,
  grantDigest,
  grantHashOf,
  type Grant,
} from '../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseDealId,
  parseEpoch,
  type Address,
  type ContentRoot,
  type DealId,
  type GrantHash,
} from '../../../sdk/protocol/identifiers.ts';
import {
  decodeReceiptsWithGrants,
  decodeSignedReceipt,
  decodeSignedReceipts,
  receiptDigest,
  type SignedReceipt,
} from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';

/** How an edge of the test network misbehaves. */
export interface Behaviour {
  /** Flips a bit in every block. */
  readonly corrupt?: boolean;
  /** Breaks connections off after this many blocks. */
  readonly diesAfterBlocks?: number;
  /** Accepts requests after this many blocks and never answers. */
  readonly stallsAfterBlocks?: number;
  /** Bytes per millisecond. */
  readonly rate?: number;
  /** Answers that credit is exhausted, whatever it is given. */
  readonly refusesCredit?: boolean;
  /** Blocks it does not have. */
  readonly lacks?: (cid: string) => boolean;
  /** Serves for a deal of somebody else, which stands before the own one. @default false */
  readonly otherDeal?: boolean;
}

/** A deal (and another one of the same content where an edge is of that), its coordinator and its edges, on real HTTP servers; credit is enforced by the node's own ledger. */
export class TestNetwork {
  readonly domain: Domain = { chainId: 31337n, verifyingContract: parseAddress(`0x${'11'.repeat(20)}`) };
  readonly dealId: DealId = parseDealId(`0x${'22'.repeat(32)}`);
  readonly otherDealId: DealId = parseDealId(`0x${'33'.repeat(32)}`);
  readonly epochSeconds: number;
  readonly contentRoot: ContentRoot;
  readonly root: CID;
  readonly edges: TestEdge[] = [];
  /** Receipts handed to the coordinator: best by grant. */
  readonly coordinatorReceipts = new Map<GrantHash, bigint>();
  /** Cap of the grants that are issued. */
  capBytes = 128n * 1024n * 1024n;
  /** Acknowledges no receipt that is handed in. */
  refusesReceipts = false;
  grantsIssued = 0;
  /** What requests for grants showed as their admission, in order. */
  readonly admissions: unknown[] = [];
  readonly #grantKey = randomBytes(32);
  readonly #servers: Server[] = [];
  marketplaceUrl = '';

  constructor(
    content: { root: CID; blocks: ReadonlyMap<string, Uint8Array> },
    options: { epochSeconds?: number } = {},
  ) {
    this.root = content.root;
    this.blocks = content.blocks;
    this.contentRoot = contentRootOf(content.root);
    this.epochSeconds = options.epochSeconds ?? 3600;
  }
  readonly blocks: ReadonlyMap<string, Uint8Array>;

  get grantSigner(): Address {
    return nativeSecp256k1.addressOf(this.#grantKey);
  }

  async start(behaviours: readonly Behaviour[]): Promise<void> {
    for (const [index, behaviour] of behaviours.entries()) {
      const edge = new TestEdge(
        this,
        parseAddress(`0x${(index + 1).toString(16).padStart(40, '0')}`),
        behaviour,
      );
      edge.url = await this.listen((request, response) => edge.serve(request, response));
      this.edges.push(edge);
    }
    this.marketplaceUrl = await this.listen((request, response) => this.#marketplace(request, response));
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Stops one edge as a crash does: its port is closed and its connections are cut. */
  async kill(edge: TestEdge): Promise<void> {
    const server = this.#servers[this.edges.indexOf(edge)];
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  }

  async listen(
    serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): Promise<string> {
    const server = createServer((request, response) => {
      serve(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.statusCode = 500;
        response.end(String(error));
      });
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #marketplace(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body =
      request.method === 'POST' ? (JSON.parse(await text(request)) as Record<string, unknown>) : {};
    const { pathname } = new URL(request.url ?? '/', 'http://test');
    const answer = this.#answer(pathname, body);
    response.setHeader('content-type', 'application/json');
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(
      JSON.stringify(
        answer ?? { error: { code: 'CONTENT_NOT_FOUND', message: 'Not found.', values: {}, remedy: '' } },
      ),
    );
  }

  #answer(pathname: string, body: Record<string, unknown>): unknown {
    const { chainId, verifyingContract: market } = this.domain;
    const zero = `0x${'00'.repeat(20)}`;
    if (pathname === '/v1/network') {
      return {
        chainId: Number(chainId),
        token: zero,
        registry: zero,
        market,
        epochSeconds: this.epochSeconds,
      };
    }
    if (pathname === `/v1/content/${this.root.toString()}`) {
      const nodes = this.edges.map(({ node, url }) => ({ address: node, endpoints: [url] }));
      const deals = [this.otherDealId, this.dealId].map((dealId) => {
        const allocations = this.#edgesOf(dealId).map(({ node }) => ({ node, state: 'active' }));
        return { dealId, state: 'open', allocations };
      });
      return {
        deals: deals.filter(({ dealId, allocations }) => dealId === this.dealId || allocations.length > 0),
        nodes,
      };
    }
    if (pathname === '/v1/viewers/challenge') {
      return { nonce: bytesToHex(randomBytes(32)), expiresAt: Math.floor(Date.now() / 1000) + 60 };
    }
    if (pathname === '/v1/grants') return this.#grants(body);
    if (pathname === '/v1/receipts') return this.#takeReceipts(String(body['receipts']));
    return undefined;
  }

  #edgesOf(dealId: DealId): TestEdge[] {
    return this.edges.filter(
      ({ behaviour }) => (behaviour.otherDeal === true) === (dealId === this.otherDealId),
    );
  }

  #grants(body: Record<string, unknown>): unknown {
    this.admissions.push(body['admission']);
    const viewerKey = parseAddress(String(body['viewerKey']));
    const dealId = parseDealId(String(body['dealId']));
    const asked = {
      viewerKey,
      dealId,
      nonce: String(body['nonce']) as `0x${string}`,
      expiresAt: BigInt(Number(body['expiresAt'])),
    };
    const signature = base64UrlDecode(String(body['signature']));
    const signer = nativeSecp256k1.recover(grantRequestDigest(this.domain, asked), signature);
    if (signer !== viewerKey) return { error: 'wrong signer' };
    const epoch = parseEpoch(
      epochAt(Date.now() / 1000, this.epochSeconds) + (body['epoch'] === 'next' ? 1 : 0),
    );
    const wanted = body['nodes'] as string[] | undefined;
    // As the coordinator does: no two grants are equal.
    const capBytes = this.capBytes - BigInt(++this.grantsIssued);
    const grants = this.#edgesOf(dealId)
      .filter(({ node }) => wanted === undefined || wanted.includes(node))
      .map(({ node, url }) => {
        const grant: Grant = {
          dealId,
          node,
          viewerKey,
          epoch,
          capBytes,
          contentRoot: this.contentRoot,
        };
        const signed = {
          grant,
          signature: nativeSecp256k1.sign(grantDigest(this.domain, grant), this.#grantKey),
        };
        return {
          node,
          region: 'eu-west',
          endpoints: [multiaddrOf(url)],
          grant: base64UrlEncode(encodeSignedGrant(signed)),
        };
      });
    return { epoch, epochEndsAt: (epoch + 1) * this.epochSeconds, grants };
  }

  #takeReceipts(receipts: string): unknown {
    const acknowledged: { grantHash: string; bytes: number }[] = [];
    for (const { signedGrant, signedReceipt } of decodeReceiptsWithGrants(base64UrlDecode(receipts))) {
      const { grantHash, bytesCumulative } = signedReceipt.receipt;
      const signer = nativeSecp256k1.recover(
        receiptDigest(this.domain, signedReceipt.receipt),
        signedReceipt.signature,
      );
      if (signer !== signedGrant.grant.viewerKey || grantHash !== grantHashOf(this.domain, signedGrant.grant))
        return undefined;
      if (this.refusesReceipts) continue;
      this.coordinatorReceipts.set(grantHash, bytesCumulative);
      acknowledged.push({ grantHash, bytes: Number(bytesCumulative) });
    }
    return { acknowledged };
  }
}

/** @param url or a multiaddr, which stays as it is */
function multiaddrOf(url: string): string {
  if (url.startsWith('/')) return url;
  const { hostname, port } = new URL(url);
  return `/ip4/${hostname}/tcp/${port}/http`;
}

/** One edge. */
export class TestEdge {
  readonly node: Address;
  readonly ledger: DeliveryLedger;
  readonly behaviour: Behaviour;
  /** Refusals by code, in order. */
  readonly refusals: string[] = [];
  blocksServed = 0;
  lookups = 0;
  url = '';
  readonly #network: TestNetwork;

  constructor(network: TestNetwork, node: Address, behaviour: Behaviour) {
    this.#network = network;
    this.node = node;
    this.behaviour = behaviour;
    this.ledger = new DeliveryLedger({ node, epochSeconds: network.epochSeconds, claimWindowEpochs: 1 });
  }

  /** Bytes receipted over all grants. */
  get receiptedBytes(): number {
    return this.ledger.meterOf(this.#dealId)?.receiptedBytes ?? 0;
  }

  get #dealId(): DealId {
    return this.behaviour.otherDeal === true ? this.#network.otherDealId : this.#network.dealId;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://test');
    if (pathname.startsWith('/routing/v1/providers/')) return this.#providers(response);
    if (pathname === '/bcdn/v1/receipts') {
      const acknowledged = decodeSignedReceipts(await buffer(request)).flatMap((receipt) =>
        this.#credit(receipt),
      );
      return json(response, 200, { acknowledged });
    }
    return this.#block(request, response, pathname.slice('/ipfs/'.length));
  }

  #providers(response: ServerResponse): void {
    this.lookups += 1;
    const Providers = this.#network.edges.map(({ node, url }) => ({
      Schema: 'peer',
      ID: 'test',
      Addrs: [multiaddrOf(url)],
      Protocols: ['transport-bcdn-http'],
      Bcdn: { operator: node, region: 'eu-west' },
    }));
    json(response, 200, { Providers, Bcdn: { hops: 1 } });
  }

  #credit(signed: SignedReceipt): { grantHash: GrantHash; bytes: number }[] {
    const { grantHash, bytesCumulative } = signed.receipt;
    const signer = nativeSecp256k1.recover(
      receiptDigest(this.#network.domain, signed.receipt),
      signed.signature,
    );
    const outcome = this.ledger.applyReceipt({ grantHash, bytesCumulative, signer });
    if (!outcome.ok) {
      this.refusals.push(outcome.error.code);
      return [];
    }
    this.ledger.markDurable(grantHash, Number(bytesCumulative));
    return [{ grantHash, bytes: Number(bytesCumulative) }];
  }

  async #block(request: IncomingMessage, response: ServerResponse, cid: string): Promise<void> {
    const { behaviour } = this;
    const block = this.#network.blocks.get(cid);
    if (block === undefined || behaviour.lacks?.(cid) === true)
      return this.#refuse(response, 404, 'BLOCK_NOT_FOUND');
    const { grant, signature } = decodeSignedGrant(base64UrlDecode(String(request.headers['bcdn-grant'])));
    const grantHash = grantHashOf(this.#network.domain, grant);
    const signer = nativeSecp256k1.recover(grantDigest(this.#network.domain, grant), signature);
    const nowSeconds = Date.now() / 1000;
    const { deal, allocation } = this.#views();
    const opened = this.ledger.open({ grantHash, grant, signer, deal, allocation, nowSeconds });
    if (!opened.ok) return this.#refuse(response, 403, opened.error.code);
    const receipt = request.headers['bcdn-receipt'];
    if (typeof receipt === 'string') {
      const before = this.refusals.length;
      this.#credit(decodeSignedReceipt(base64UrlDecode(receipt)));
      const refusal = this.refusals[before];
      if (refusal !== undefined) return this.#refuse(response, 403, refusal);
    }
    if (behaviour.refusesCredit === true) return this.#refuse(response, 402, 'CREDIT_EXHAUSTED');
    const reserved = this.ledger.reserve({ grantHash, bytes: block.length, allocation, nowSeconds });
    if (!reserved.ok) return this.#refuse(response, 402, reserved.error.code);
    if (this.blocksServed >= (behaviour.stallsAfterBlocks ?? Infinity)) return;
    if (this.blocksServed >= (behaviour.diesAfterBlocks ?? Infinity)) {
      request.socket.destroy();
      return;
    }
    this.blocksServed += 1;
    const state = this.ledger.state(grantHash);
    response.setHeader('bcdn-credit', String(state?.windowBytes ?? 0));
    response.setHeader('bcdn-acknowledged', String(state?.durableBytes ?? 0));
    response.setHeader('content-length', block.length);
    if (behaviour.rate !== undefined)
      await new Promise((resolve) => setTimeout(resolve, block.length / (behaviour.rate ?? 1)));
    response.once('close', () =>
      response.writableFinished ? reserved.value.commit() : reserved.value.abort(0),
    );
    response.end(behaviour.corrupt === true ? flipped(block) : block);
  }

  #views(): { deal: DealView; allocation: AllocationView } {
    const { contentRoot, grantSigner } = this.#network;
    const common = {
      dealId: this.#dealId,
      contentRoot,
      contentCodec: 0x70,
      publisher: this.node,
      state: 'open' as const,
    };
    return {
      deal: { ...common, grantKey: grantSigner },
      allocation: {
        state: 'active',
        balanceWei: 10n ** 24n,
        ratePerGiB: 10n ** 15n,
        throughEpoch: parseEpoch(0),
      },
    };
  }

  #refuse(response: ServerResponse, status: number, code: string): void {
    this.refusals.push(code);
    json(response, status, { error: { code, message: code, values: {}, remedy: '' } });
  }
}

function flipped(block: Uint8Array): Uint8Array {
  const wrong = Buffer.from(block);
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  return wrong;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

/** sha-256 in hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
