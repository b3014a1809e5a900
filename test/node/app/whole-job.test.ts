import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Wallet, type JsonRpcProvider } from 'ethers';
import { request } from 'undici';
import { readAllocation } from '../../../sdk/chain/deals.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import type { FetchComponents } from '../../../sdk/client/fetch-session.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { chooseSource } from '../../../sdk/libp2p/source-choice.ts';
import { createViewerHost } from '../../../sdk/libp2p/viewer-host.ts';
import { parseAddress, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { publish, type Publication } from '../../../sdk/publish/publish.ts';
import type {
  EarningsDocument,
  SettleDocument,
  StatusDocument,
} from '../../../node/app/control/documents.ts';
import type { NodeProcess } from '../cli/node-process.ts';
import { eventually } from '../cli/eventually.ts';
import { TestNetwork, type InitialisedNode } from '../cli/test-network.ts';

const CONTENT_BYTES = 5_500_000;

describe('a network of real nodes', function () {
  this.timeout(180_000);
  const content = randomBytes(CONTENT_BYTES);
  let network: TestNetwork;
  let provider: JsonRpcProvider;
  let marketplaceUrl: string;
  let edges: InitialisedNode[];
  let processes: NodeProcess[];
  let publication: Publication;

  before(async () => {
    network = await TestNetwork.start();
    ({ url: marketplaceUrl } = await network.marketplace());
    provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    edges = await Promise.all([
      network.init('first', { region: 'eu-west' }),
      network.init('second', { region: 'eu-west' }),
      network.init('third', { region: 'us-east' }),
    ]);
    processes = edges.map((edge) => network.run(edge));
    await Promise.all(processes.map((node) => node.ready()));
  });

  after(async () => {
    provider.destroy();
    await network.stop();
  });

  async function json<T>(node: InitialisedNode, command: string, ...args: readonly string[]): Promise<T> {
    const { stdout, stderr } = await network.command(node, command, '--json', ...args);
    expect(stdout, stderr).not.to.equal('');
    return JSON.parse(stdout) as T;
  }

  async function fetchAll(
    components: Partial<FetchComponents> = {},
  ): Promise<Awaited<ReturnType<typeof fetchContent>>> {
    const hash = createHash('sha256');
    const sink = { write: (bytes: Uint8Array) => void hash.update(bytes) };
    const result = await fetchContent(
      { cid: publication.cid, marketplaceUrl, viewerKey: randomBytes(32), sink },
      { components },
    );
    expect(hash.digest('hex')).to.equal(createHash('sha256').update(content).digest('hex'));
    return result;
  }

  function balanceOf(edge: InitialisedNode, dealId: DealId) {
    return readAllocation(provider, network.deployment, { dealId, node: parseAddress(edge.operator) });
  }

  it('registers, draws positions and joins all of them into one ring', async () => {
    await eventually(async () => {
      for (const edge of edges) {
        const status = await json<StatusDocument>(edge, 'status');
        expect(status.ring?.members).to.equal(3);
        expect(status.nid).to.match(/^0x[0-9a-f]{64}$/);
        expect(status.state).to.equal('serving');
        expect(status.earning).to.deep.equal({
          yes: false,
          because: 'no publisher has allocated tokens to this node yet',
          run: 'run bcdn-node price',
        });
      }
    });
  });

  it('takes a publication: pushed to some, filled by the others, announced by all', async () => {
    const wallet = new Wallet(network.chain.privateKeys[5] ?? '');
    await network.fund(wallet.address);
    const sender = new TransactionSender({ provider, wallet, deployment: network.deployment });
    await network.edgesUp(edges.length);
    publication = await eventually(() =>
      publish({
        source: { kind: 'stream', stream: Readable.from([new Uint8Array(content)]) },
        sender,
        marketplaceUrl,
        replicas: 3,
      }),
    );
    expect(publication.nodes.map(({ node }) => node as string).sort()).to.deep.equal(
      edges.map(({ operator }) => operator).sort(),
    );
    for (const edge of edges) {
      const status = await json<StatusDocument>(edge, 'status');
      expect(status.content).to.deep.equal({ complete: 1, incomplete: 0 });
      expect(status.earning.yes).to.equal(true);
    }
  });

  it('serves a paid fetch from several edges, found in one hop, and is paid to the last wei', async () => {
    const result = await fetchAll();
    expect(result.lookups).to.deep.equal({ count: 1, oneHop: 1, unanswered: 0 });
    expect(result.badBlocks).to.deep.equal([]);
    // A busy edge may get no block of a small file: then nothing is owed to it.
    expect(result.bytesByNode.size).to.be.above(1);
    await eventually(async () => {
      for (const edge of edges) {
        await json<SettleDocument>(edge, 'settle', '--yes');
        const bytes = result.bytesByNode.get(parseAddress(edge.operator)) ?? 0;
        const allocation = await balanceOf(edge, publication.dealId);
        expect(allocation?.paidWei).to.equal(priceWei(BigInt(bytes), allocation?.ratePerGiB ?? 0n));
      }
    });
    for (const edge of edges) {
      const earnings = await json<EarningsDocument>(edge, 'earnings', '--by', 'day');
      const { meteredWei, settledWei, paidWei } = earnings.total;
      const allocation = await balanceOf(edge, publication.dealId);
      expect([meteredWei, settledWei, paidWei]).to.deep.equal(Array(3).fill(String(allocation?.paidWei)));
      const byVoucher = earnings.routes.find(({ route }) => route === 'voucher');
      expect(byVoucher?.paidWei ?? '0').to.equal(paidWei);
      const { money, httpUrl } = await json<StatusDocument>(edge, 'status');
      expect(money).to.include({ meteredWei, paidWei, gasCostWei: earnings.gasCostWei, openClaims: 0 });
      const metrics = await (await request(`${httpUrl}/metrics`)).body.text();
      expect(metrics).to.contain(`bcdn_earnings_wei{part="paid"} ${Number(paidWei)}`);
      if (byVoucher !== undefined)
        expect(metrics).to.contain(`bcdn_paid_wei{route="voucher"} ${Number(paidWei)}`);
    }
  });

  it('serves the same over libp2p streams, for the same pay', async () => {
    const paidBefore = await Promise.all(edges.map((edge) => balanceOf(edge, publication.dealId)));
    const http = new UndiciExchange();
    const host = await createViewerHost();
    const result = await fetchAll({ http, openSource: chooseSource({ http, host }, 'libp2p') });
    await Promise.all([http.close(), host.stop()]);
    expect(result.receipts.map(({ heldBy }) => heldBy)).to.satisfy((held: readonly string[]) =>
      held.every((by) => by === 'node'),
    );
    await eventually(async () => {
      for (const [index, edge] of edges.entries()) {
        await json<SettleDocument>(edge, 'settle', '--yes');
        const bytes = result.bytesByNode.get(parseAddress(edge.operator)) ?? 0;
        const allocation = await balanceOf(edge, publication.dealId);
        const pay = (allocation?.paidWei ?? 0n) - (paidBefore[index]?.paidWei ?? 0n);
        const due = priceWei(BigInt(bytes), allocation?.ratePerGiB ?? 0n);
        expect(pay >= due && pay <= due + 1n, `${pay} is ${due} but for one rounding`).to.equal(true);
      }
    });
  });

  it('keeps receipts over SIGKILL and is paid for them after a restart', async () => {
    const [victim] = edges;
    if (victim === undefined) expect.fail('there is a first edge');
    const paidBefore = (await balanceOf(victim, publication.dealId))?.paidWei ?? 0n;
    const result = await fetchAll();
    await processes[0]?.end('SIGKILL');
    const offline = await network.command(victim, 'status', '--json');
    expect(offline.code).to.equal(4);
    const earned = BigInt((await json<EarningsDocument>(victim, 'earnings')).total.meteredWei);
    const bytes = result.bytesByNode.get(parseAddress(victim.operator)) ?? 0;
    const rate = publication.nodes[0]?.ratePerGiB ?? 0n;
    if (bytes > 0) expect(earned > paidBefore, 'the journal kept the receipts').to.equal(true);
    processes[0] = network.run(victim);
    await processes[0].ready();
    await eventually(async () => {
      await json<SettleDocument>(victim, 'settle', '--yes');
      const paid = (await balanceOf(victim, publication.dealId))?.paidWei ?? 0n;
      expect(paid - paidBefore >= priceWei(BigInt(bytes), rate)).to.equal(true);
      expect(paid - paidBefore <= priceWei(BigInt(bytes), rate) + 1n, 'one rounding at most').to.equal(true);
    });
  });

  it('lets a peer fetch for its local player and pay with the deal', async () => {
    const peer = await network.init('peer', { role: 'peer' });
    const running = network.run(peer);
    const { httpUrl, nid } = await running.ready();
    expect(nid).to.equal(null);
    const { body, statusCode } = await request(`${httpUrl}/ipfs/${publication.cid.toString()}`);
    expect(statusCode).to.equal(200);
    const hash = createHash('sha256');
    for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
    expect(hash.digest('hex')).to.equal(createHash('sha256').update(content).digest('hex'));
    const status = await json<StatusDocument>(peer, 'status');
    expect(Number(status.disk.usedBytes)).to.be.at.least(CONTENT_BYTES);
    // This publisher funds no peer pool.
    expect(status.earning.yes).to.equal(false);
    const earnings = await json<EarningsDocument>(peer, 'earnings');
    expect([earnings.total.meteredWei, earnings.peerAccounts]).to.deep.equal(['0', []]);
    expect(await running.end('SIGTERM')).to.equal(0);
  });

  it('sends earnings to the payout address', async () => {
    const [first] = edges;
    if (first === undefined) expect.fail('there is a first edge');
    const sent = await json<{ to: string; amountWei: string; remainingWei: string }>(
      first,
      'withdraw',
      '--yes',
      '--amount-wei',
      '7',
    );
    expect(sent).to.deep.include({ to: network.chain.accounts[9], amountWei: '7' });
  });

  it('drains on SIGTERM: leaves the ring and ends with 0', async () => {
    const [, second, third] = edges;
    if (second === undefined || third === undefined) expect.fail('there are three edges');
    expect(await processes[1]?.end('SIGTERM')).to.equal(0);
    await eventually(async () => {
      const status = await json<StatusDocument>(third, 'status');
      expect(status.ring?.members).to.equal(2);
    });
    expect((await network.command(second, 'status')).code).to.equal(4);
  });
});
