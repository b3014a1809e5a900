import { startMarketplace, type Marketplace } from '../../marketplace/server/start-marketplace.ts';
import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { ApiClient } from '../marketplace/api-client.ts';
import { DealRoom, encodePairs, grantOf } from '../marketplace/coordinator/deal-room.ts';
import {
  eventually,
  ReadinessServer,
  silentLogger,
  temporaryDirectory,
  TestMarket,
  WEI,
} from '../marketplace/market-fixture.ts';

const PUBLISHER = 1;
const FIRST_EDGE = 2;
const REGIONS = ['eu-west', 'eu-west', 'us-east', 'ap-south'] as const;
/** What the one viewer signs for, bytes. */
export const RECEIPTED_BYTES = 3_000_000n;

/**
 * A market with something in it for pages to show: a chain, a marketplace, edges that answer, an open deal, receipts.
 * The edges answer that they are ready and deliver nothing; who needs deliveries starts a network.
 */
export class WebMarket {
  readonly market: TestMarket;
  readonly marketplace: Marketplace;
  readonly edges: readonly TransactionSender[];
  readonly publisher: TransactionSender;
  readonly dealId: DealId;
  readonly cid: string;
  readonly epoch: number;
  readonly #cleanups: readonly (() => Promise<void>)[];

  private constructor(
    parts: Pick<WebMarket, 'market' | 'marketplace' | 'edges' | 'publisher' | 'dealId' | 'cid' | 'epoch'>,
    cleanups: readonly (() => Promise<void>)[],
  ) {
    this.market = parts.market;
    this.marketplace = parts.marketplace;
    this.edges = parts.edges;
    this.publisher = parts.publisher;
    this.dealId = parts.dealId;
    this.cid = parts.cid;
    this.epoch = parts.epoch;
    this.#cleanups = cleanups;
  }

  static async open(): Promise<WebMarket> {
    const cleanups: (() => Promise<void>)[] = [];
    const market = await TestMarket.open({ epochSeconds: 3_600 });
    cleanups.push(() => market.close());
    const directory = await temporaryDirectory();
    cleanups.push(directory.remove);
    const marketplace = await startMarketplace(
      {
        dataDir: directory.path,
        rpcUrl: market.chain.url,
        deployment: market.deployment,
        pollIntervalMs: 100,
        development: { faucetKey: market.chain.privateKeys[0] ?? '' },
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    const edges = await registerEdges(market, cleanups);
    const publisher = await market.sender(PUBLISHER);
    const api = await ApiClient.open(marketplace.url);
    await eventually(
      async () => (await api.get('/v1/nodes')).body['nodes'],
      (nodes) => Array.isArray(nodes) && nodes.length === edges.length && nodes.every(isUp),
    );
    const room = new DealRoom({ market, api, publisher });
    const { dealId, cid } = await room.openFundedDeal(
      new Map(edges.slice(0, 2).map((edge) => [edge, WEI] as const)),
    );
    const viewer = room.viewer();
    const grants = await room.requestGrants(viewer, { dealId });
    const edge = edges.find(({ address }) => grants.grants.some(({ node }) => node === address)) ?? publisher;
    const receipt = room.signReceipt(grantOf(grants, edge), viewer.key, RECEIPTED_BYTES);
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([receipt]) }));
    const parts = { market, marketplace, edges, publisher, dealId, cid: cid.toString(), epoch: grants.epoch };
    return new WebMarket(parts, cleanups);
  }

  async close(): Promise<void> {
    for (const cleanup of [...this.#cleanups].reverse()) await cleanup();
  }
}

async function registerEdges(
  market: TestMarket,
  cleanups: (() => Promise<void>)[],
): Promise<readonly TransactionSender[]> {
  const edges: TransactionSender[] = [];
  for (const [index, region] of REGIONS.entries()) {
    const server = await ReadinessServer.open();
    cleanups.push(() => server.close());
    const askWeiPerGiB = (WEI / 100n) * BigInt(index + 1) + 7n;
    edges.push(
      await market.registerEdge(FIRST_EDGE + index, { region, askWeiPerGiB, endpoints: [server.endpoint] }),
    );
  }
  return edges;
}

function isUp(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'health' in node && node.health === 'up';
}
