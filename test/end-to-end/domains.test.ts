import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

import { expect } from 'chai';
import { Wallet, type JsonRpcProvider } from 'ethers';
import { request } from 'undici';

import type { StatusDocument } from '../../node/app/control/documents.ts';
import { openProvider } from '../../sdk/chain/provider.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import { ClientError } from '../../sdk/client/client-error.ts';
import { fetchContent, type FetchResult } from '../../sdk/client/fetch-content.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { publish, type Publication } from '../../sdk/publish/publish.ts';
import { eventually } from '../node/cli/eventually.ts';
import type { NodeProcess } from '../node/cli/node-process.ts';
import { TestNetwork, type InitialisedNode } from '../node/cli/test-network.ts';

const CONTENT_BYTES = 6_500_000;
/** Caps are charged in full, and epochs of seconds end in the middle of a fetch: so much leaves room for a whole one. */
const GIVING_VIEWERS = 8;
const TOKEN = 10n ** 18n;
const EAST = 'us-east';
const WEST = 'eu-west';
const SOUTH = 'ap-south';

interface Balance {
  readonly domain: string;
  readonly contributedBytes: number;
  readonly carriedBytes: number;
}

/**
 * Three domains with a peer in each, and an edge in two of them that is paid to store nothing. The edge that the content
 * was pushed to is gone once all peers hold it.
 */
describe('domains with real nodes', function () {
  this.timeout(300_000);
  const content = randomBytes(CONTENT_BYTES);
  let network: TestNetwork;
  let provider: JsonRpcProvider;
  let marketplaceUrl: string;
  let publication: Publication;
  let edge: InitialisedNode;
  let southEdge: InitialisedNode;
  let west: InitialisedNode;
  let east: InitialisedNode;
  let south: InitialisedNode;
  const running = new Map<InitialisedNode, NodeProcess>();
  let seed: NodeProcess;
  /** Fetched while the edge that is paid to store the content was still there. */
  let withEdge: FetchResult;

  before(async () => {
    network = await TestNetwork.start();
    ({ url: marketplaceUrl } = await network.marketplace());
    provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    const ask = (wei: bigint) => ['--ask-wei-per-gib', String(wei)];
    const capped = ['--upload-cap', '2MiB'];
    const seeding = await network.init('seed', { region: WEST, extra: [...ask(TOKEN / 100n), ...capped] });
    edge = await network.init('edge', { region: EAST, extra: [...ask(TOKEN), '--workers', '2'] });
    southEdge = await network.init('south-edge', { region: SOUTH, extra: ask(TOKEN) });
    const peer = (name: string, region: string) =>
      network.init(name, { role: 'peer', region, extra: ask(TOKEN / 300n) });
    west = await peer('west', WEST);
    east = await peer('east', EAST);
    south = await peer('south', SOUTH);
    seed = network.run(seeding);
    for (const node of [edge, southEdge, west, east, south]) running.set(node, network.run(node));
    await Promise.all([seed, ...running.values()].map((node) => node.ready()));
    // The plan takes the cheapest of the edges, which must have been heard of.
    await network.edgesUp(3);
    const wallet = new Wallet(network.chain.privateKeys[5] ?? '');
    await network.fund(wallet.address);
    const sender = new TransactionSender({ provider, wallet, deployment: network.deployment });
    publication = await eventually(() =>
      publish({
        source: { kind: 'stream', stream: Readable.from([new Uint8Array(content)]) },
        ...{ sender, marketplaceUrl, replicas: 1, peerPoolWei: TOKEN },
      }),
    );
    expect(publication.nodes.map(({ node }) => String(node))).to.deep.equal([seeding.operator]);
    for (const watching of [west, east, south]) {
      const { httpUrl } = (await running.get(watching)?.ready()) ?? { httpUrl: '' };
      // The first one may ask before all that it needs to know of the new deal is known everywhere.
      await eventually(async () => {
        const { body, statusCode } = await request(`${httpUrl}/ipfs/${publication.cid.toString()}`);
        const bytes = await body.bytes();
        expect(statusCode, Buffer.from(bytes.subarray(0, 512)).toString()).to.equal(200);
      });
    }
    await eventually(async () => {
      const { body } = await request(`${marketplaceUrl}/v1/deals/${publication.dealId}/peers`);
      const { peers } = (await body.json()) as { peers: { holdsUntil: number | null }[] };
      expect(peers.filter(({ holdsUntil }) => holdsUntil !== null)).to.have.length(3);
    });
    // The first one meets a peer that has to look the deal up on chain, and an edge that has bytes to spare for a second.
    await fetchFrom(WEST);
    withEdge = await fetchFrom(WEST);
    await seed.end('SIGKILL');
    // The coordinator notices within a few probes: then nobody is granted the edge that is gone.
    await eventually(async () => expect(await health(seeding)).to.equal('down'));
  });

  after(async () => {
    provider.destroy();
    await network.stop();
  });

  async function health(node: InitialisedNode): Promise<string> {
    const { body } = await request(`${marketplaceUrl}/v1/nodes/${node.operator}`);
    return ((await body.json()) as { health: string }).health;
  }

  async function fetchFrom(region: string): Promise<FetchResult> {
    const hash = createHash('sha256');
    const result = await fetchContent(
      {
        ...{ cid: publication.cid, marketplaceUrl, viewerKey: randomBytes(32) },
        sink: { write: (bytes) => void hash.update(bytes) },
      },
      { region },
    );
    expect(hash.digest('hex')).to.equal(createHash('sha256').update(content).digest('hex'));
    return result;
  }

  async function balances(): Promise<readonly Balance[]> {
    const { body } = await request(`${marketplaceUrl}/v1/deals/${publication.dealId}/domains`);
    const { domains } = (await body.json()) as { domains: Balance[] };
    for (const { carriedBytes, contributedBytes } of domains)
      expect(carriedBytes).to.be.at.most(contributedBytes);
    return domains;
  }

  const balanceOf = async (domain: string): Promise<Balance> =>
    (await balances()).find((one) => one.domain === domain) ?? {
      ...{ domain, contributedBytes: 0, carriedBytes: 0 },
    };

  async function statusOf(node: InitialisedNode): Promise<StatusDocument> {
    return JSON.parse((await network.command(node, 'status', '--json')).stdout) as StatusDocument;
  }

  const servedBy = async (node: InitialisedNode): Promise<number> =>
    Number((await statusOf(node)).bytes.served);

  const nodesOf = ({ bytesByNode }: FetchResult): string[] => [...bytesByNode.keys()];

  /** What the coordinator says to a viewer that it grants nothing. */
  async function refusal(region: string): Promise<Readonly<Record<string, unknown>>> {
    try {
      await fetchFrom(region);
    } catch (error) {
      if (error instanceof ClientError) return { ...error.values, remedy: error.remedy };
      throw error;
    }
    return {};
  }

  it('brings a viewer more from a peer of its domain than from the edge, and nothing from the other domain', () => {
    const bytesOf = ({ operator }: InitialisedNode) => withEdge.bytesByNode.get(parseAddress(operator)) ?? 0;
    expect(bytesOf(west)).to.be.greaterThan(CONTENT_BYTES / 2);
    expect(bytesOf(east)).to.equal(0);
  });

  it('carries nothing for a domain whose peers gave nothing', async () => {
    const refused = await refusal('sa-east');
    expect(refused).to.include({ status: 402, refusal: 'CARRIAGE_EXHAUSTED' });
    expect(refused['remedy']).to.match(/earn carriage by serving/);
  });

  it('lets peers serve their own domain directly, and nobody else', async () => {
    let given = 0;
    for (let viewer = 0; viewer < GIVING_VIEWERS; viewer++) {
      const [inEast, inSouth] = await Promise.all([fetchFrom(EAST), fetchFrom(SOUTH)]);
      expect(nodesOf(inEast)).to.deep.equal([east.operator]);
      expect(nodesOf(inSouth)).to.deep.equal([south.operator]);
      given += inEast.bytesByNode.get(parseAddress(east.operator)) ?? 0;
    }
    expect(nodesOf(await fetchFrom(WEST))).to.deep.equal([west.operator]);
    // Receipts reach the coordinator when the epoch is over.
    for (const domain of [EAST, SOUTH])
      await eventually(async () => expect((await balanceOf(domain)).contributedBytes).to.equal(given));
    await eventually(async () => expect((await statusOf(east)).contributedBytes).to.equal(String(given)));
    expect((await balanceOf(EAST)).carriedBytes).to.equal(0);
  });

  it('carries between domains through the edge, verified, and stores nothing there', async () => {
    for (const peer of [east, south]) {
      await running.get(peer)?.end('SIGKILL');
      await eventually(async () => expect(await health(peer)).to.equal('down'));
    }
    const before = await servedBy(west);
    const [result, other] = await Promise.all([fetchFrom(EAST), fetchFrom(SOUTH)]);
    // Each by the edge of its region, as a rule; on a busy machine one may be taken for away and the other stands in.
    for (const fetched of [result, other])
      expect([edge.operator, southEdge.operator]).to.include.members(nodesOf(fetched));
    expect([...result.badBlocks, ...other.badBlocks]).to.deep.equal([]);
    // Two domains wanted it, and it left the west once: one edge asked the peer, the other asked that edge.
    const given = (await servedBy(west)) - before;
    expect(given).to.be.within(CONTENT_BYTES, CONTENT_BYTES * 1.2);
    const charged = (await balanceOf(EAST)).carriedBytes + (await balanceOf(SOUTH)).carriedBytes;
    expect(charged).to.be.at.least(2 * CONTENT_BYTES);
    const statuses = [await statusOf(edge), await statusOf(southEdge)];
    const carried = statuses.reduce((sum, { carriage }) => sum + Number(carriage?.carriedBytes), 0);
    // What one edge of the tree hands to another is counted at both, and charged once.
    expect(carried).to.be.within(2 * CONTENT_BYTES, 2 * charged);
    for (const { content: held, disk, bytes } of statuses) {
      expect(held).to.deep.equal({ complete: 0, incomplete: 0 });
      expect(Number(disk.usedBytes)).to.be.below(100_000);
      // What is lent earns nothing.
      expect(bytes.receipted).to.equal('0');
    }
    expect(statuses[0]?.domain).to.equal(EAST);
  });

  it('refuses with the remedy when as much was carried as the peers of the domain gave', async () => {
    for (let viewer = 0; viewer < 3 * GIVING_VIEWERS && (await left()) > 0; viewer++) {
      await fetchFrom(EAST).catch((error: unknown) => expect(error).to.be.instanceOf(ClientError));
    }
    expect(await left()).to.equal(0);
    expect(await refusal(EAST)).to.include({ status: 402, refusal: 'CARRIAGE_EXHAUSTED' });
    const { contributedBytes, carriedBytes } = await balanceOf(EAST);
    expect(carriedBytes).to.equal(contributedBytes);
  });

  async function left(): Promise<number> {
    const { contributedBytes, carriedBytes } = await balanceOf(EAST);
    return contributedBytes - carriedBytes;
  }
});
