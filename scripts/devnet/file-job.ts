import { setTimeout as sleep } from 'node:timers/promises';

import { Wallet } from 'ethers';

import { openProvider } from '../../sdk/chain/provider.ts';
import { readAllocation } from '../../sdk/chain/deals.ts';
import { connectContracts } from '../../sdk/chain/contracts.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import { closeDistribution } from '../../sdk/publish/close-distribution.ts';
import { publish, type Publication } from '../../sdk/publish/publish.ts';
import { sourceOfPath } from '../../sdk/publish/content-source.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import { checkJob } from './checks.ts';
import { deliver, type Delivered, type Viewing } from './delivery.ts';
import { DevnetError } from './devnet-error.ts';
import type { Job } from './job-outcome.ts';
import type { Network } from './network.ts';
import type { NetworkNode } from './network-node.ts';
import { TOKEN_WEI } from './network-plan.ts';
import { nodeBooks, type NodeBooks } from './node-books.ts';
import { readPeerBooks, type PeerBooks } from './peer-books.ts';
import { peakMemoryBytes } from './process-memory.ts';
import { readReceipts, receiptedBytes } from './receipt-rows.ts';
import type { JobReport } from './report.ts';

/** Operators are paid within two epochs and some blocks; this is for a slow machine. */
const SETTLE_TIMEOUT_MS = 120_000;
const SETTLE_POLL_MS = 1_000;
/** Every edge could serve every viewer: the deposit covers that, and what is not used comes back. */
const SMALLEST_DELIVERY_BYTES = 1024n ** 3n;
/** Caps of all grants for peers bind the pool until their late window is over: the whole job, with short epochs. */
const SMALLEST_POOL_BYTES = 32n * 1024n ** 3n;
/** No peer is paid more than an edge. */
const DEAREST_PEER_WEI_PER_GIB = TOKEN_WEI / 100n + 10_000_030n;

/**
 * The whole life of a published file: escrow, publish, place, deliver with faults, settle, close, refund.
 * @throws DevnetError, and what the SDK throws; the checks themselves do not throw, they are in the report
 */
export async function runFileJob(job: Job): Promise<JobReport> {
  const { network, progress } = job;
  const sender = publisherOf(network);
  try {
    const publication = await publishFile(job, sender);
    const victim = nodeAt(network.edges, 0);
    const { viewings, healing } = await progress.task(
      `${job.viewers} viewers fetch, verify and sign`,
      async () => deliverWithFaults(job, publication, victim),
      ({ viewings: all }) => `${all.reduce((sum, { bytes }) => sum + bytes, 0)} bytes`,
    );
    await progress.task(`${victim.plan.name} restarted`, async () => victim.start());
    const books = await progress.task(
      'Operators paid',
      async () => awaitSettlement(job, publication),
      (all) => `${tokens(all.reduce((sum, { paidWei }) => sum + paidWei, 0n))} BCDN`,
    );
    const peerBooks = await progress.task(
      'Peers paid',
      async () => awaitPeers(job, publication, { sender, servedBytes: servedByPeers(viewings) }),
      (all) => `${tokens(all.reduce((sum, { paidWei }) => sum + paidWei, 0n))} BCDN`,
    );
    const receipts = await readReceipts(network, publication.dealId);
    const closed = await progress.task(
      'Deal closed, thawed and refunded',
      async () => closeDistribution(closing(sender, publication, network), { signal: job.signal }),
      ({ refundedWei }) => `${tokens(refundedWei)} BCDN back`,
    );
    const report = checkJob({
      ...{ job, publication, viewings, healing, books, peerBooks, receipts, closed },
      paidByChain: await paidByChain(sender, publication),
      edgePeakBytes: await edgePeaks(network),
      marketBalanceWei: await marketBalance(sender),
      // Since the process began: what a person waits.
      seconds: performance.now() / 1000,
    });
    for (const { name, ok, found } of report.checks) progress.say(`${ok ? '✓' : '✗'} ${name}: ${found}`);
    return report;
  } finally {
    sender.provider.destroy();
  }
}

/** The publisher's account, with the chain it sends to. */
export function publisherOf(network: Network): TransactionSender {
  const provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
  const wallet = new Wallet(network.publisherKey, provider);
  return new TransactionSender({ provider, wallet, deployment: network.deployment });
}

/** Imports the file, opens a paid deal and waits until every edge holds the content. */
export async function publishFile(job: Job, sender: TransactionSender): Promise<Publication> {
  const { network, file, progress } = job;
  const deliveries = BigInt(job.viewers * network.edges.length);
  const expectedBytes = BigInt(file.bytes) * deliveries;
  const pooledBytes = expectedBytes > SMALLEST_POOL_BYTES ? expectedBytes : SMALLEST_POOL_BYTES;
  return progress.task(
    `Published ${file.bytes} bytes to ${network.edges.length} edges`,
    async () =>
      publish(
        {
          source: await sourceOfPath(file.path),
          sender,
          marketplaceUrl: network.marketplaceUrl,
          replicas: network.edges.length,
          expectedDeliveryBytes:
            expectedBytes > SMALLEST_DELIVERY_BYTES ? expectedBytes : SMALLEST_DELIVERY_BYTES,
          peerPoolWei: priceWei(pooledBytes, DEAREST_PEER_WEI_PER_GIB),
          temporaryDirectory: job.folder,
        },
        { signal: job.signal, onProgress: (at) => progress.update(`… publishing: ${at.phase}`) },
      ),
    ({ cid, escrowedWei }) => `${cid.toString()}, ${tokens(escrowedWei)} BCDN escrowed`,
  );
}

async function deliverWithFaults(
  job: Job,
  publication: Publication,
  victim: NetworkNode,
): Promise<Delivered> {
  const { network, progress } = job;
  const liar = network.edges.find(({ plan }) => plan.hostile);
  if (liar === undefined) throw new DevnetError('STOPPED', 'The network has no edge that can lie.');
  return deliver(
    {
      cid: publication.cid.toString(),
      dealId: publication.dealId,
      bytes: publication.bytes,
      marketplaceUrl: network.marketplaceUrl,
      viewers: job.viewers,
      peers: network.peers,
      victim,
      survivors: network.edges.filter((edge) => edge !== victim),
      liar,
    },
    network.processes,
    (text) => progress.say(`  ${text}`),
  );
}

/** Waits until every edge's own books say that all receipts which exist for it are metered and paid. */
export async function awaitSettlement(job: Job, publication: Publication): Promise<readonly NodeBooks[]> {
  const deadlineMs = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const books: NodeBooks[] = [];
    for (const edge of job.network.edges) books.push(await nodeBooks(edge));
    const receipts = await readReceipts(job.network, publication.dealId);
    const open = books.filter(
      (node) =>
        node.meteredWei !== node.paidWei || node.receiptedBytes !== receiptedBytes(receipts, node.operator),
    );
    if (open.length === 0 || performance.now() > deadlineMs) return books;
    job.progress.update(`… ${open.length} edges wait for their epoch to end and be paid`);
    await sleep(SETTLE_POLL_MS, undefined, { signal: job.signal });
  }
}

/** Verified bytes of each node that the viewers fetched from themselves. */
function servedByPeers(viewings: readonly Viewing[]): ReadonlyMap<Address, bigint> {
  const served = new Map<Address, bigint>();
  for (const { bytesByNode } of viewings) {
    for (const [node, bytes] of bytesByNode) served.set(node, (served.get(node) ?? 0n) + BigInt(bytes));
  }
  return served;
}

/** Waits until all that viewers got from peers is counted, promised by a root and paid. */
export async function awaitPeers(
  job: Job,
  publication: Publication,
  known: { readonly sender: TransactionSender; readonly servedBytes: ReadonlyMap<Address, bigint> },
): Promise<readonly PeerBooks[]> {
  const { network } = job;
  const deadlineMs = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const receipts = await readReceipts(network, publication.dealId);
    const books = await readPeerBooks(network, publication, { sender: known.sender, receipts });
    const open = books.filter(
      (peer) =>
        peer.earnedWei !== peer.paidWei || peer.receiptedBytes < (known.servedBytes.get(peer.address) ?? 0n),
    );
    if (open.length === 0 || performance.now() > deadlineMs) return books;
    job.progress.update(`… ${open.length} peers wait for the root that promises what they earned`);
    await sleep(SETTLE_POLL_MS, undefined, { signal: job.signal });
  }
}

export function closing(
  sender: TransactionSender,
  publication: Publication,
  { marketplaceUrl }: Pick<Network, 'marketplaceUrl'>,
): Parameters<typeof closeDistribution>[0] {
  const nodes = publication.nodes.map(({ node }) => node);
  return { sender, dealId: publication.dealId, nodes, marketplaceUrl };
}

async function paidByChain(
  sender: TransactionSender,
  publication: Publication,
): Promise<Map<Address, bigint>> {
  const paid = new Map<Address, bigint>();
  for (const { node } of publication.nodes) {
    const { dealId } = publication;
    const allocation = await readAllocation(sender.provider, sender.deployment, { dealId, node });
    paid.set(node, allocation?.paidWei ?? 0n);
  }
  return paid;
}

async function edgePeaks(network: Network): Promise<number[]> {
  const peaks = await Promise.all(network.edges.map(async ({ pid }) => peakMemoryBytes(pid)));
  return peaks.filter((bytes) => bytes !== undefined);
}

async function marketBalance(sender: TransactionSender): Promise<bigint> {
  const { token } = connectContracts(sender.provider, sender.deployment);
  return token.balanceOf(sender.deployment.market);
}

function nodeAt(nodes: readonly NetworkNode[], index: number): NetworkNode {
  const node = nodes[index];
  if (node === undefined) throw new DevnetError('STOPPED', 'The network has no edges.');
  return node;
}

/** Whole tokens with four decimals, for people. */
export function tokens(wei: bigint): string {
  return (Number((wei * 10_000n) / TOKEN_WEI) / 10_000).toFixed(4);
}
