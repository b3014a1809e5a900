import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

import { code as dagPbCode, decode } from '@ipld/dag-pb';
import { expect } from 'chai';
import { Wallet, type JsonRpcProvider } from 'ethers';
import type { CID } from 'multiformats/cid';
import { request } from 'undici';

import { readAllocation, type AllocationRecord } from '../../sdk/chain/deals.ts';
import { openProvider } from '../../sdk/chain/provider.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import { systemClock } from '../../sdk/pacing/clock.ts';
import { domainOf, MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { ViewerSession, type GrantAsk, type IssuedGrant } from '../../sdk/client/viewer-session.ts';
import { base64UrlEncode } from '../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../sdk/protocol/content.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';
import { GRANT_HEADER, RECEIPTS_PATH } from '../../sdk/protocol/http.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import {
  encodeReceiptsWithGrants,
  encodeSignedReceipts,
  receiptDigest,
  type ReceiptWithGrant,
  type SignedReceipt,
} from '../../sdk/protocol/receipt.ts';
import { publish, type Publication } from '../../sdk/publish/publish.ts';
import { nativeSecp256k1 as secp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { eventually } from '../node/cli/eventually.ts';
import { TestNetwork, type InitialisedNode } from '../node/cli/test-network.ts';

/** An account of the chain that publishes. */
const PUBLISHER = 5;

/** What a node or the coordinator answered. */
export interface Answer {
  readonly status: number;
  readonly bytes: number;
  /** Its body as text, empty for a block. */
  readonly text: string;
}

/** A chain, a marketplace and edges in processes of their own, with a publication that somebody attacks. */
export class AttackedNetwork {
  readonly network: TestNetwork;
  readonly provider: JsonRpcProvider;
  readonly publisher: TransactionSender;
  readonly marketplaceUrl: string;
  readonly #exchange = new UndiciExchange();
  #api: MarketplaceApi | undefined;
  #domain: Domain | undefined;
  edges: readonly InitialisedNode[] = [];

  private constructor(network: TestNetwork, marketplaceUrl: string) {
    this.network = network;
    this.marketplaceUrl = marketplaceUrl;
    this.provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    this.publisher = this.sender(PUBLISHER);
  }

  /** @param edges how many */
  static async start(edges: number): Promise<AttackedNetwork> {
    const network = await TestNetwork.start();
    const attacked = new AttackedNetwork(network, (await network.marketplace()).url);
    const http = attacked.#exchange;
    attacked.#api = new MarketplaceApi({ http, clock: systemClock }, attacked.marketplaceUrl);
    attacked.#domain = domainOf(await eventually(() => attacked.api.network()));
    const names = Array.from({ length: edges }, (_, number) => `edge-${number}`);
    attacked.edges = await Promise.all(names.map((name) => network.init(name)));
    await Promise.all(attacked.edges.map((edge) => network.run(edge).ready()));
    await network.edgesUp(edges);
    await network.fund(attacked.publisher.address);
    return attacked;
  }

  get api(): MarketplaceApi {
    if (this.#api === undefined) expect.fail('the network is started');
    return this.#api;
  }

  get domain(): Domain {
    if (this.#domain === undefined) expect.fail('the network is started');
    return this.#domain;
  }

  /** One of the chain's accounts with ether. */
  sender(account: number): TransactionSender {
    const wallet = new Wallet(this.network.chain.privateKeys[account] ?? '');
    return new TransactionSender(
      { provider: this.provider, wallet, deployment: this.network.deployment },
      { pollIntervalMs: 50 },
    );
  }

  /** Publishes random bytes to all edges. */
  publish(bytes: number, chunkBytes: number): Promise<Publication> {
    const content = new Uint8Array(randomBytes(bytes));
    return eventually(() =>
      publish({
        source: { kind: 'stream', stream: Readable.from([content]) },
        sender: this.publisher,
        marketplaceUrl: this.marketplaceUrl,
        replicas: this.edges.length,
        chunkBytes,
      }),
    );
  }

  viewer(publication: Publication, privateKey: Uint8Array = randomBytes(32)): ViewerSession {
    const { dealId, cid } = publication;
    const identity = { domain: this.domain, dealId, contentRoot: contentRootOf(cid), privateKey };
    return new ViewerSession({ api: this.api, secp256k1, clock: systemClock }, identity);
  }

  /** A grant for an edge; epochs of seconds end now and then between asking and answering. */
  async grant(viewer: ViewerSession, edge: InitialisedNode, ask: GrantAsk = {}): Promise<IssuedGrant> {
    const nodes = [parseAddress(edge.operator)];
    const [issued] = await eventually(() => viewer.requestGrants({ ...ask, nodes }));
    if (issued === undefined) expect.fail('the coordinator issues a grant');
    return issued;
  }

  /** Asks a node for a block under a grant. */
  async fetch(issued: IssuedGrant, cid: CID, origin = issued.origin): Promise<Answer> {
    const answer = await request(`${origin ?? ''}/ipfs/${cid.toString()}?format=raw`, {
      headers: { [GRANT_HEADER]: issued.account.header },
    });
    const body = Buffer.from(await answer.body.arrayBuffer());
    const served = answer.statusCode === 200;
    return {
      status: answer.statusCode,
      bytes: served ? body.length : 0,
      text: served ? '' : body.toString('utf8'),
    };
  }

  /** The leaves of a publication, read from an edge. */
  async leavesOf(publication: Publication, issued: IssuedGrant): Promise<CID[]> {
    const { cid } = publication;
    expect(cid.code).to.equal(dagPbCode);
    const answer = await request(`${issued.origin ?? ''}/ipfs/${cid.toString()}?format=raw`, {
      headers: { [GRANT_HEADER]: issued.account.header },
    });
    return decode(new Uint8Array(await answer.body.arrayBuffer())).Links.map(({ Hash }) => Hash);
  }

  /** A receipt under a grant, by whoever's key. */
  sign(issued: IssuedGrant, bytes: number, by: Uint8Array): SignedReceipt {
    const receipt = { grantHash: issued.account.grantHash, bytesCumulative: BigInt(bytes) };
    return { receipt, signature: secp256k1.sign(receiptDigest(this.domain, receipt), by) };
  }

  /** Hands a receipt to the node of its grant. */
  async toNode(issued: IssuedGrant, receipt: SignedReceipt): Promise<Answer> {
    const answer = await request(`${issued.origin ?? ''}${RECEIPTS_PATH}`, {
      method: 'POST',
      body: encodeSignedReceipts([receipt]),
    });
    return { status: answer.statusCode, bytes: 0, text: await answer.body.text() };
  }

  /** Hands receipts to the coordinator in the place of a node. */
  async toCoordinator(path: string, pairs: readonly ReceiptWithGrant[], more: object = {}): Promise<Answer> {
    const answer = await request(`${this.marketplaceUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...more, receipts: base64UrlEncode(encodeReceiptsWithGrants(pairs)) }),
    });
    return { status: answer.statusCode, bytes: 0, text: await answer.body.text() };
  }

  async allocation(publication: Publication, operator: string): Promise<AllocationRecord> {
    const key = { dealId: publication.dealId, node: parseAddress(operator) };
    const found = await readAllocation(this.provider, this.network.deployment, key);
    if (found === undefined) expect.fail('the deal allocates to the node');
    return found;
  }

  async stop(): Promise<void> {
    this.provider.destroy();
    await this.#exchange.close();
    await this.network.stop();
  }
}
