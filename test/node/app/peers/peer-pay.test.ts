import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

import { expect } from 'chai';
import { Wallet, type JsonRpcProvider } from 'ethers';
import { request } from 'undici';

import { readAllocation } from '../../../../sdk/chain/deals.ts';
import { peerPaidWei, peerPoolOf } from '../../../../sdk/chain/peer-pool.ts';
import { openProvider } from '../../../../sdk/chain/provider.ts';
import { readTokenBalance } from '../../../../sdk/chain/tokens.ts';
import { TransactionSender } from '../../../../sdk/chain/transactions.ts';
import { fetchContent, type FetchResult } from '../../../../sdk/client/fetch-content.ts';
import { parseAddress, type Address } from '../../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import { closeDistribution } from '../../../../sdk/publish/close-distribution.ts';
import { publish, type Publication } from '../../../../sdk/publish/publish.ts';
import type { StatusDocument } from '../../../../node/app/control/documents.ts';
import { eventually } from '../../cli/eventually.ts';
import type { NodeProcess } from '../../cli/node-process.ts';
import { TestNetwork, type InitialisedNode } from '../../cli/test-network.ts';

const CONTENT_BYTES = 9_500_000;
const TOKEN = 10n ** 18n;
/** Less than the edge asks. */
const PEER_ASK = TOKEN / 300n + 11n;
const EDGE_ASK = TOKEN / 100n;

describe('a peer that serves what it has watched', function () {
  this.timeout(240_000);
  const content = randomBytes(CONTENT_BYTES);
  let network: TestNetwork;
  let provider: JsonRpcProvider;
  let marketplaceUrl: string;
  let publisher: TransactionSender;
  let publication: Publication;
  let edge: InitialisedNode;
  let peer: InitialisedNode;
  let running: NodeProcess;
  let peerAddress: Address;
  let servedBytes = 0n;

  before(async () => {
    network = await TestNetwork.start();
    ({ url: marketplaceUrl } = await network.marketplace());
    provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    edge = await network.init('edge', { extra: ['--ask-wei-per-gib', String(EDGE_ASK)] });
    peer = await network.init('peer', { role: 'peer', extra: ['--ask-wei-per-gib', String(PEER_ASK)] });
    peerAddress = parseAddress(peer.operator);
    await network.run(edge).ready();
    running = network.run(peer);
    await running.ready();
    const wallet = new Wallet(network.chain.privateKeys[5] ?? '');
    await network.fund(wallet.address);
    publisher = new TransactionSender({ provider, wallet, deployment: network.deployment });
    publication = await eventually(() =>
      publish({
        source: { kind: 'stream', stream: Readable.from([new Uint8Array(content)]) },
        sender: publisher,
        marketplaceUrl,
        replicas: 1,
        peerPoolWei: TOKEN,
      }),
    );
  });

  after(async () => {
    provider.destroy();
    await network.stop();
  });

  async function fetchAll(): Promise<FetchResult> {
    const hash = createHash('sha256');
    const result = await fetchContent({
      cid: publication.cid,
      marketplaceUrl,
      viewerKey: randomBytes(32),
      sink: { write: (bytes) => void hash.update(bytes) },
    });
    expect(hash.digest('hex')).to.equal(createHash('sha256').update(content).digest('hex'));
    expect(result.receipts.every(({ heldBy }) => heldBy !== 'nobody')).to.equal(true);
    servedBytes += BigInt(result.bytesByNode.get(peerAddress) ?? 0);
    return result;
  }

  async function watch(): Promise<void> {
    const { httpUrl } = await running.ready();
    const { body } = await request(`${httpUrl}/ipfs/${publication.cid.toString()}`);
    await body.dump({ limit: CONTENT_BYTES });
  }

  async function holders(): Promise<string[]> {
    const { body } = await request(`${marketplaceUrl}/v1/deals/${publication.dealId}/peers`);
    const { peers } = (await body.json()) as { peers: { peer: string; holdsUntil: number | null }[] };
    return peers.filter(({ holdsUntil }) => holdsUntil !== null).map(({ peer: holder }) => holder);
  }

  const paidWei = (): Promise<bigint> =>
    peerPaidWei(provider, network.deployment, { dealId: publication.dealId, peer: peerAddress });

  it('is offered to viewers once its own player has fetched the whole content', async () => {
    expect(await holders()).to.deep.equal([]);
    await watch();
    await eventually(async () => expect(await holders()).to.deep.equal([peer.operator]));
    await eventually(async () => {
      const { stdout } = await network.command(peer, 'status', '--json');
      expect((JSON.parse(stdout) as StatusDocument).earning).to.include({ yes: true });
    });
  });

  it('serves viewers for grants, and is paid on chain by a root that it posts itself, over a SIGKILL', async () => {
    const before = await readTokenBalance(provider, network.deployment, peerAddress);
    const result = await fetchAll();
    expect(result.badBlocks).to.deep.equal([]);
    expect(servedBytes > 0n, 'a share came from the peer').to.equal(true);
    await running.end('SIGKILL');
    running = network.run(peer);
    await running.ready();
    const earnedWei = priceWei(servedBytes, PEER_ASK);
    await eventually(async () => expect(await paidWei()).to.equal(earnedWei));
    expect(await readTokenBalance(provider, network.deployment, peerAddress)).to.equal(before + earnedWei);
    expect((await peerPoolOf(provider, network.deployment, publication.dealId)).sequence).to.be.greaterThan(
      0,
    );
  });

  it('leaves the publisher, at the end, all that nobody earned', async () => {
    const { dealId, nodes } = publication;
    const edgePaid = async (): Promise<bigint> => {
      const node = parseAddress(edge.operator);
      return (await readAllocation(provider, network.deployment, { dealId, node }))?.paidWei ?? 0n;
    };
    await eventually(async () => expect((await edgePaid()) > 0n).to.equal(true));
    const closed = await closeDistribution({
      sender: publisher,
      dealId,
      nodes: nodes.map(({ node }) => node),
    });
    expect(closed.paidToPeersWei).to.equal(await paidWei());
    expect(closed.spentWei).to.equal((await edgePaid()) + (await paidWei()));
    expect(closed.spentWei + closed.refundedWei).to.equal(publication.escrowedWei);
    expect(publication.escrowedWei > TOKEN).to.equal(true);
  });
});
