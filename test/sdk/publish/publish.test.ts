import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';

import { CarReader } from '@ipld/car';
import { expect } from 'chai';
import { Wallet, type JsonRpcProvider } from 'ethers';

import { deployBcdn } from '../../../scripts/deploy/deploy.ts';
import { startLocalChain, type LocalChain } from '../../../scripts/deploy/local-chain.ts';
import { DEPLOY_PARAMETERS } from '../../../scripts/deploy/parameters.ts';
import { readDeal } from '../../../sdk/chain/deals.ts';
import { domainOf, type Deployment } from '../../../sdk/chain/deployment.ts';
import { drawPosition, registerNode, updateAsk } from '../../../sdk/chain/nodes.ts';
import { redeemVouchers } from '../../../sdk/chain/payments.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { readTokenBalance, transferTokens } from '../../../sdk/chain/tokens.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { audienceDigest } from '../../../sdk/protocol/authorisation.ts';
import { base64UrlDecode, bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { epochAt } from '../../../sdk/protocol/epoch.ts';
import { parseDealId, parseEpoch, type Address } from '../../../sdk/protocol/identifiers.ts';
import { voucherDigest } from '../../../sdk/protocol/voucher.ts';
import { closeDistribution, type CloseProgress } from '../../../sdk/publish/close-distribution.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';
import type { PublicationJournal, PublicationRecord } from '../../../sdk/publish/publication-record.ts';
import { publish, type PublishProgress, type PublishRequest } from '../../../sdk/publish/publish.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';

const TOKEN_WEI = 10n ** 18n;
const RATE_PER_GIB = TOKEN_WEI;
const AMOUNT_WEI = 3n * TOKEN_WEI + 7n;
const EPOCH_SECONDS = 1;

/** An edge as far as publishing meets it: takes archives, and answers who holds them. */
interface Edge {
  readonly operator: Address;
  readonly region: string;
  url: string;
  /** Archives that were pushed to it. */
  readonly archives: Buffer[];
  refuses: boolean;
}

/** What the marketplace of the test answers to a question for a price. */
interface TestQuote {
  readonly nodes: readonly {
    readonly node: Address;
    readonly region: string;
    readonly endpoints: readonly string[];
    readonly ratePerGiB: string;
    readonly amountWei: string;
  }[];
  readonly depositWei: string;
}

describe('publish and closeDistribution on a real chain', function () {
  this.timeout(90_000);
  const collectorKey = randomBytes(32);
  let chain: LocalChain;
  let provider: JsonRpcProvider;
  let deployment: Deployment;
  let publisher: TransactionSender;
  let operators: TransactionSender[];
  let directory: string;
  let file: string;
  let edges: Edge[];
  let servers: Server[];
  let quoted: (quote: TestQuote) => TestQuote;
  let marketplaceUrl: string;
  /** Whether an edge that was not pushed to fills itself from the others. */
  let edgesFillThemselves: boolean;
  /** Answers of the marketplace to an audience, one after the other; the last stays. */
  let audienceAnswers: readonly ('DEAL_NOT_FOUND' | 'AUDIENCE_TOO_EARLY' | 'taken')[];
  let audiences: {
    dealId: string;
    body: { audienceKey: string; issuedAt: number; signature: string };
    /** Of the deal, not allocated to anybody yet. */
    freeWei: bigint | undefined;
  }[];

  before(async () => {
    chain = await startLocalChain();
    provider = openProvider(chain);
    const [deployerKey = '', ...keys] = chain.privateKeys;
    deployment = await deployBcdn(new Wallet(deployerKey, provider), {
      ...DEPLOY_PARAMETERS.development,
      ...{ epochSeconds: EPOCH_SECONDS, minimumEdgeStakeWei: TOKEN_WEI },
    });
    const senderOf = (key: string) =>
      new TransactionSender(
        { provider, wallet: new Wallet(key, provider), deployment },
        { pollIntervalMs: 20 },
      );
    const deployer = senderOf(deployerKey);
    [publisher = deployer, ...operators] = keys.slice(0, 4).map(senderOf);
    for (const { address } of [publisher, ...operators])
      await transferTokens(deployer, address, 100n * TOKEN_WEI);
    for (const [index, operator] of operators.entries()) {
      const region = index === 2 ? 'us-east' : 'eu-west';
      const libp2pPublicKey = bytesToHex(randomBytes(32));
      const endpoints = ['/ip4/127.0.0.1/tcp/1/http'];
      const prices = { askWeiPerGiB: RATE_PER_GIB, stakeWei: TOKEN_WEI };
      await registerNode(operator, { role: 'edge', libp2pPublicKey, region, endpoints, ...prices });
    }
    for (const operator of operators) await drawPosition(operator, operator.address);
    directory = await mkdtemp(join(tmpdir(), 'bcdn-publish-test-'));
    file = join(directory, 'film');
    await writeFile(file, randomBytes(3_000_000));
  });

  after(async () => {
    provider.destroy();
    await chain.stop();
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    servers = [];
    quoted = (quote) => quote;
    edgesFillThemselves = true;
    audienceAnswers = [];
    audiences = [];
    edges = operators.map(({ address }, index) => ({
      ...{ operator: address, region: index === 2 ? 'us-east' : 'eu-west', url: '' },
      ...{ archives: [], refuses: false },
    }));
    for (const edge of edges)
      edge.url = await listen((request, response) => serveEdge(edge, request, response));
    marketplaceUrl = await listen(serveMarketplace);
  });

  afterEach(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function listen(
    serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): Promise<string> {
    const server = createServer((request, response) => {
      serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function serveEdge(edge: Edge, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'PUT') {
      if (edge.refuses) {
        response.statusCode = 507;
        response.setHeader('connection', 'close');
        const error = {
          code: 'QUOTA_EXCEEDED',
          message: 'The disk is full.',
          values: {},
          remedy: 'Free some.',
        };
        response.end(JSON.stringify({ error }));
        return;
      }
      edge.archives.push(await buffer(request));
      response.statusCode = 201;
      response.end('{}');
      return;
    }
    const anyHolds = edges.some(({ archives }) => archives.length > 0);
    const holders = edges.filter(({ archives }) => archives.length > 0 || (edgesFillThemselves && anyHolds));
    const Providers = holders.map(({ operator, region }) => ({
      Schema: 'peer',
      Addrs: [],
      Bcdn: { operator, region },
    }));
    response.end(JSON.stringify({ Providers, Bcdn: { hops: 1 } }));
  }

  async function serveMarketplace(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/coordinator/keys') {
      const collector = nativeSecp256k1.addressOf(collectorKey);
      response.end(JSON.stringify({ grantKey: collector, collector }));
      return;
    }
    const [, dealId] = /^\/v1\/deals\/(0x[0-9a-f]{64})\/audience$/.exec(request.url ?? '') ?? [];
    if (dealId !== undefined) {
      const body = JSON.parse(await text(request)) as (typeof audiences)[number]['body'];
      const answer = audienceAnswers[audiences.length] ?? audienceAnswers.at(-1);
      const deal = await readDeal(provider, deployment, parseDealId(dealId));
      audiences.push({ dealId, body, freeWei: deal?.freeWei });
      response.statusCode = answer === 'taken' ? 200 : 409;
      const error = { code: answer, message: 'No.', values: {}, remedy: 'None.' };
      response.end(JSON.stringify(answer === 'taken' ? { dealId, ...body } : { error }));
      return;
    }
    const { replicas } = JSON.parse(await text(request)) as { replicas: number };
    const nodes = edges.slice(0, replicas).map(({ operator, region, url }) => ({
      ...{ node: operator, region, endpoints: [url] },
      ...{ ratePerGiB: RATE_PER_GIB.toString(), amountWei: AMOUNT_WEI.toString() },
    }));
    const depositWei = (AMOUNT_WEI * BigInt(nodes.length)).toString();
    response.end(JSON.stringify({ ...quoted({ nodes, depositWei }), removed: { region: 2 } }));
  }

  function requestOf(wishes: Partial<PublishRequest> = {}): PublishRequest {
    const source = { kind: 'file', path: file } as const;
    return {
      source,
      sender: publisher,
      marketplaceUrl,
      replicas: 3,
      temporaryDirectory: directory,
      ...wishes,
    };
  }

  async function refusal(attempt: Promise<unknown>): Promise<PublishError> {
    try {
      await attempt;
    } catch (error) {
      if (error instanceof PublishError) return error;
      throw error;
    }
    return expect.fail('nothing was refused');
  }

  async function epochNow(): Promise<number> {
    return epochAt((await provider.getBlock('latest'))?.timestamp ?? 0, EPOCH_SECONDS);
  }

  it('escrows, pushes to one edge of each region, and brings back all that was not earned, to the last wei', async () => {
    const balance = () => readTokenBalance(provider, deployment, publisher.address);
    const before = await balance();
    const phases: string[] = [];
    const onProgress = ({ phase }: PublishProgress) => phases.at(-1) === phase || phases.push(phase);
    const published = await publish(requestOf(), { onProgress });

    expect(published.escrowedWei).to.equal(3n * AMOUNT_WEI);
    expect(await balance()).to.equal(before - published.escrowedWei);
    expect(published.nodes.map(({ node }) => node)).to.deep.equal(edges.map(({ operator }) => operator));
    const deal = await readDeal(provider, deployment, published.dealId);
    expect(deal?.contentRoot).to.equal(contentRootOf(published.cid));
    expect(deal?.contentCodec).to.equal(published.cid.code);
    expect(deal?.freeWei).to.equal(0n);
    expect(edges.map(({ archives }) => archives.length)).to.deep.equal([1, 0, 1]);
    const [archive = Buffer.alloc(0)] = edges[0]?.archives ?? [];
    const roots = await (await CarReader.fromBytes(archive)).getRoots();
    expect(roots.map(String)).to.deep.equal([published.cid.toString()]);
    const order = ['importing', 'imported', 'quoted', 'opened', 'allocated', 'pushing'];
    expect(phases.slice(0, order.length)).to.deep.equal(order);
    expect(phases.at(-1)).to.equal('placing');

    const [earner] = operators;
    if (earner === undefined) return expect.fail('an operator');
    const earnedWei = 1_234_567_890_123_456_789n;
    const throughEpoch = parseEpoch((await epochNow()) - 1);
    const voucher = { dealId: published.dealId, node: earner.address, throughEpoch, cumulative: earnedWei };
    const signature = nativeSecp256k1.sign(voucherDigest(domainOf(deployment), voucher), collectorKey);
    await redeemVouchers(earner, [{ voucher, signature }], earner.address);

    const nodes = published.nodes.map(({ node }) => node);
    const closed = await closeDistribution({ sender: publisher, dealId: published.dealId, nodes });
    expect(closed.spentWei).to.equal(earnedWei);
    expect(closed.refundedWei).to.equal(published.escrowedWei - earnedWei);
    expect(await balance()).to.equal(before - earnedWei);
    expect((await readDeal(provider, deployment, published.dealId))?.state).to.equal('closed');

    const again = await closeDistribution({ sender: publisher, dealId: published.dealId, nodes });
    expect(again).to.deep.equal({
      spentWei: earnedWei,
      paidToPeersWei: 0n,
      refundedWei: 0n,
      unpaidNodes: [],
    });
  });

  it('waits after the thaw for a node that is slow, which is then paid to the last wei', async () => {
    const published = await publish(requestOf());
    const nodes = published.nodes.map(({ node }) => node);
    const [earner] = operators;
    if (earner === undefined) return expect.fail('an operator');
    const earnedWei = 987_654_321n;
    const phases: string[] = [];
    // The node comes only now, when the chain would let its allocation be taken back.
    const unpaidNodes = async (): Promise<readonly Address[]> => {
      if (phases.includes('paying')) return [];
      const throughEpoch = parseEpoch((await epochNow()) - 1);
      const voucher = { dealId: published.dealId, node: earner.address, throughEpoch, cumulative: earnedWei };
      const signature = nativeSecp256k1.sign(voucherDigest(domainOf(deployment), voucher), collectorKey);
      await redeemVouchers(earner, [{ voucher, signature }], earner.address);
      return [earner.address];
    };
    const onProgress = ({ phase }: CloseProgress) => phases.at(-1) === phase || phases.push(phase);
    const request = { sender: publisher, dealId: published.dealId, nodes };
    const closed = await closeDistribution(request, { unpaidNodes, onProgress });
    expect(phases).to.deep.equal(['closing', 'thawing', 'paying', 'releasing', 'withdrawing']);
    expect(closed).to.deep.include({ spentWei: earnedWei, unpaidNodes: [] });
    expect(closed.refundedWei).to.equal(published.escrowedWei - earnedWei);
  });

  it('names the audience as soon as the coordinator knows the deal, before anything is allocated', async () => {
    audienceAnswers = ['DEAL_NOT_FOUND', 'DEAL_NOT_FOUND', 'taken'];
    const audienceKey = nativeSecp256k1.addressOf(randomBytes(32));
    const { dealId } = await publish(requestOf({ replicas: 1, audienceKey }));
    expect(audiences.map((audience) => audience.dealId)).to.deep.equal([dealId, dealId, dealId]);
    expect(audiences.at(-1)?.freeWei).to.equal(AMOUNT_WEI);
    const { issuedAt, signature, audienceKey: named } = audiences[0]?.body ?? expect.fail('an audience');
    expect(named).to.equal(audienceKey);
    const message = { dealId, audienceKey, issuedAt: BigInt(issuedAt) };
    const digest = audienceDigest(domainOf(deployment), message);
    expect(nativeSecp256k1.recover(digest, base64UrlDecode(signature))).to.equal(publisher.address);
  });

  it('says which deal holds the money when the coordinator refuses the audience, and allocates nothing', async () => {
    audienceAnswers = ['AUDIENCE_TOO_EARLY'];
    const audienceKey = nativeSecp256k1.addressOf(randomBytes(32));
    const refused = await refusal(publish(requestOf({ audienceKey })));
    expect(refused).to.include({ code: 'AUDIENCE_REFUSED' });
    expect(refused.values).to.include({ refusal: 'AUDIENCE_TOO_EARLY', dealId: audiences[0]?.dealId });
    const deal = await readDeal(provider, deployment, parseDealId(String(refused.values['dealId'])));
    expect(deal?.freeWei).to.equal(3n * AMOUNT_WEI);
    expect(edges.map(({ archives }) => archives.length)).to.deep.equal([0, 0, 0]);
  });

  it('turns to another edge of the region when the first refuses', async () => {
    const [first] = edges;
    if (first !== undefined) first.refuses = true;
    await publish(requestOf({ replicas: 2 }));
    expect(edges.map(({ archives }) => archives.length)).to.deep.equal([0, 1, 0]);
  });

  it('pushes to nodes that do not fill themselves', async () => {
    edgesFillThemselves = false;
    await publish(requestOf({ replicas: 2 }), { placementTimeoutMs: 4_000 });
    expect(edges.map(({ archives }) => archives.length)).to.deep.equal([1, 1, 0]);
  });

  it('says which deal holds the money when no edge takes the content, and it can be had back', async () => {
    for (const edge of edges) edge.refuses = true;
    const balance = () => readTokenBalance(provider, deployment, publisher.address);
    const before = await balance();
    const error = await refusal(publish(requestOf()));
    expect(error.code).to.equal('PUSH_REFUSED');
    expect(error.values).to.include({ refusal: 'QUOTA_EXCEEDED', status: 507 });
    const dealId = error.values['dealId'] as never;
    const nodes = edges.map(({ operator }) => operator);
    expect((await closeDistribution({ sender: publisher, dealId, nodes })).refundedWei).to.equal(
      3n * AMOUNT_WEI,
    );
    expect(await balance()).to.equal(before);
  });

  it('says which deal holds the money when the chain refuses the allocation, and it can be had back', async () => {
    const balance = () => readTokenBalance(provider, deployment, publisher.address);
    const before = await balance();
    const [first] = edges;
    if (first !== undefined) edges[0] = { ...first, operator: publisher.address };
    const error = await refusal(publish(requestOf()));
    expect(error.code).to.equal('ALLOCATION_FAILED');
    expect(error.values['reason']).to.contain('NodeNotActive');
    const dealId = error.values['dealId'] as never;
    expect((await closeDistribution({ sender: publisher, dealId, nodes: [] })).refundedWei).to.equal(
      3n * AMOUNT_WEI,
    );
    expect(await balance()).to.equal(before);
  });

  it('spends nothing on fewer nodes than were asked for, and says what removed the others', async () => {
    const before = await readTokenBalance(provider, deployment, publisher.address);
    const error = await refusal(publish(requestOf({ replicas: 5 })));
    expect(error.code).to.equal('TOO_FEW_NODES');
    expect(error.values).to.deep.equal({ need: 5, have: 3, region: 2 });
    expect(error.message).to.equal('You need 5 nodes, have 3: left out are 2 in another region.');
    expect(error.remedy).to.equal('Allow more regions; or ask for 3, or allow fewer (`--allow-fewer`).');
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(before);
  });

  it('takes the nodes that there are where fewer are allowed, and says so', async () => {
    const shortages: unknown[] = [];
    const onProgress = (progress: PublishProgress): void => {
      if (progress.phase === 'quoted') shortages.push(progress.shortage);
    };
    const published = await publish(requestOf({ replicas: 5, allowFewer: true }), { onProgress });
    expect(published.nodes).to.have.length(3);
    expect(shortages).to.deep.equal([{ need: 5, have: 3, removed: { region: 2 } }]);
    edges = [];
    const nobody = await refusal(publish(requestOf({ allowFewer: true })));
    expect(nobody.code).to.equal('NO_NODES');
  });

  it('goes on with the same deal, and pays once, when the chain drops the block that opened it', async () => {
    const before = await readTokenBalance(provider, deployment, publisher.address);
    let record: PublicationRecord | undefined;
    const journal: PublicationJournal = {
      read: async () => record,
      write: async (written) => {
        record = written;
      },
    };
    const snapshot: unknown = await provider.send('evm_snapshot', []);
    const leave = (progress: PublishProgress): void => {
      if (progress.phase === 'opened') throw new RangeError('The terminal was closed.');
    };
    await publish(requestOf(), { journal, onProgress: leave }).catch((failure: unknown) =>
      expect(failure).to.be.instanceOf(RangeError),
    );
    const dealId = record?.dealId ?? expect.fail('nothing was written down');
    expect(await readDeal(provider, deployment, dealId)).to.include({ state: 'open' });
    expect(await provider.send('evm_revert', [snapshot])).to.equal(true);
    expect(await readDeal(provider, deployment, dealId)).to.equal(undefined);
    const published = await publish(requestOf(), { journal });
    expect(published.dealId).to.equal(dealId);
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(
      before - 3n * AMOUNT_WEI,
    );
    const nodes = published.nodes.map(({ node }) => node);
    await closeDistribution({ sender: publisher, dealId, nodes });
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(before);
  });

  it('spends nothing where the marketplace quotes what was not asked for', async () => {
    const before = await readTokenBalance(provider, deployment, publisher.address);
    const reasons: string[] = [];
    for (const lie of ['deposit', 'twice', 'region', 'dearer'] as const) {
      quoted = (quote) => {
        const [first, ...rest] = quote.nodes;
        if (first === undefined) return quote;
        if (lie === 'deposit') return { ...quote, depositWei: `${BigInt(quote.depositWei) - 1n}` };
        if (lie === 'twice') return { ...quote, nodes: [first, first, ...rest.slice(1)] };
        if (lie === 'region') return { ...quote, nodes: [{ ...first, region: 'asia-se' }, ...rest] };
        return { ...quote, nodes: [{ ...first, ratePerGiB: `${RATE_PER_GIB + 1n}` }, ...rest] };
      };
      const asked = requestOf({ regions: ['eu-west', 'us-east'], maxRatePerGiB: RATE_PER_GIB });
      const error = await refusal(publish(asked));
      expect(error.code).to.equal('QUOTE_UNUSABLE');
      reasons.push(String(error.values['reason']));
    }
    expect(new Set(reasons).size).to.equal(4);
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(before);
  });

  it('spends nothing when a node has changed its price while the publisher was reading the quote', async () => {
    const before = await readTokenBalance(provider, deployment, publisher.address);
    const [operator] = operators;
    if (operator === undefined) return expect.fail('there is a node');
    for (const asksWeiPerGiB of [RATE_PER_GIB + 1n, RATE_PER_GIB - 1n]) {
      const review = async (): Promise<boolean> => {
        await updateAsk(operator, asksWeiPerGiB);
        return true;
      };
      const error = await refusal(publish(requestOf(), { review }));
      expect(error.code).to.equal('QUOTE_UNUSABLE');
      expect(error.values).to.include({ node: operator.address, ratePerGiB: RATE_PER_GIB, asksWeiPerGiB });
    }
    await updateAsk(operator, RATE_PER_GIB);
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(before);
  });

  it('says that money is left when it closes a deal without having been told of all its nodes', async () => {
    const before = await readTokenBalance(provider, deployment, publisher.address);
    const { dealId, nodes } = await publish(requestOf());
    const named = nodes.map(({ node }) => node);
    const closing = { sender: publisher, dealId };
    const error = await refusal(closeDistribution({ ...closing, nodes: named.slice(1) }));
    expect(error.code).to.equal('CLOSE_INCOMPLETE');
    expect(error.values).to.deep.equal({ dealId, allocations: 1 });
    const again = await closeDistribution({ ...closing, nodes: named });
    expect(again.refundedWei).to.equal(AMOUNT_WEI);
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(before);
  });

  it('spends nothing beyond the budget or without nodes', async () => {
    const before = await readTokenBalance(provider, deployment, publisher.address);
    const tooDear = await refusal(publish(requestOf({ budgetWei: 3n * AMOUNT_WEI - 1n })));
    expect(tooDear.code).to.equal('BUDGET_EXCEEDED');
    expect(tooDear.values).to.deep.equal({ depositWei: 3n * AMOUNT_WEI, budgetWei: 3n * AMOUNT_WEI - 1n });
    edges = [];
    const nobody = await refusal(publish(requestOf()));
    expect(nobody.code).to.equal('NO_NODES');
    expect(nobody.values).to.deep.equal({ need: 3, have: 0, region: 2 });
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(before);
  });
});
