import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import { z } from 'zod';

import {
  earningsDocument,
  settlePreviewDocument,
  type EarningsDocument,
} from '../../node/app/control/documents.ts';
import type { Child } from '../../scripts/devnet/child-processes.ts';
import { readPayments } from '../../scripts/kills/payments.ts';
import { SmallNetwork, type SmallEdge } from '../../scripts/kills/small-network.ts';
import { readAllocation } from '../../sdk/chain/deals.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { eventually } from '../node/cli/eventually.ts';

const VIEWER_PROGRAM = join(import.meta.dirname, 'signing-viewer.ts');
const EPOCH_SECONDS = 12;
/** No multiple of 2³⁰: what is rounded must be rounded alike on both sides. */
const ASK_WEI_PER_GIB = 10n ** 16n + 1_000_003n;
/** Receipts of a (deal, node) from which it is cheaper here to claim by samples. */
const SAMPLED_FROM = 6;
const FEW_VIEWERS = 2;
const MANY_VIEWERS = 9;
/** An epoch, a sampled claim's blocks, and room for a slow machine. */
const PAID_TIMEOUT_MS = 120_000;

const doneMessage = z.object({ acknowledged: z.array(z.object({ node: z.string(), bytes: z.number() })) });

/** One published content, its viewers, and what the nodes acknowledged to them. */
interface Watched {
  readonly publication: Publication;
  readonly viewers: Child;
  readonly acknowledgedBytes: Map<string, bigint>;
}

describe('a publisher that falls silent', function () {
  this.timeout(300_000);
  let folder: string;
  let network: SmallNetwork;
  let few: Watched;
  let many: Watched;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-silent-'));
    network = new SmallNetwork({
      folder,
      edges: 2,
      epochSeconds: EPOCH_SECONDS,
      askWeiPerGiB: ASK_WEI_PER_GIB,
    });
    await network.start([
      ...['--direct-claim-after-epochs', '0', '--sampled-claim-from-receipts', String(SAMPLED_FROM)],
      ...['--gas-token-wei', '1'],
    ]);
    const publications = [await network.publish(), await network.publish()] as const;
    few = startViewers(publications[0], FEW_VIEWERS);
    many = startViewers(publications[1], MANY_VIEWERS);
  });

  after(async () => {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function startViewers(publication: Publication, viewers: number): Watched {
    const child = network.processes.start({
      name: `viewer-${viewers}`,
      argv: [
        VIEWER_PROGRAM,
        ...['--marketplace', network.marketplaceUrl, '--deal', publication.dealId],
        ...['--cid', publication.cid.toString(), '--keys', String(viewers)],
        ...['--nodes', network.edges.map(({ node }) => node.operator).join(',')],
      ],
    });
    return { publication, viewers: child, acknowledgedBytes: new Map() };
  }

  async function awaitViewers({ viewers, acknowledgedBytes }: Watched): Promise<void> {
    const { acknowledged } = doneMessage.parse(await viewers.message('done'));
    for (const { node, bytes } of acknowledged) {
      acknowledgedBytes.set(node, (acknowledgedBytes.get(node) ?? 0n) + BigInt(bytes));
    }
  }

  /** Waits until an edge has been paid for exactly what its viewers were told is safe, by one route alone. */
  async function expectPaid(watched: Watched, { node }: SmallEdge, route: string): Promise<void> {
    const { dealId } = watched.publication;
    const key = { dealId, node: node.operator };
    const bytes = watched.acknowledgedBytes.get(node.operator) ?? 0n;
    expect(bytes > 0n, 'viewers were served and acknowledged').to.equal(true);
    const expectedWei = priceWei(bytes, ASK_WEI_PER_GIB);
    await eventually(async () => {
      const allocation = await readAllocation(network.provider, network.deployment, key);
      expect(allocation?.paidWei).to.equal(expectedWei);
    }, PAID_TIMEOUT_MS);
    const payments = await readPayments(network.provider, network.deployment, key);
    expect(payments.map((payment) => payment.route)).to.deep.equal([route]);
  }

  async function earningsOf({ node }: SmallEdge): Promise<EarningsDocument> {
    return earningsDocument.parse(await node.command('earnings'));
  }

  /** What `settle` would do: nothing, and why. */
  async function expectNothingDue({ node }: SmallEdge): Promise<void> {
    const { waiting, byItself } = settlePreviewDocument.parse(await node.command('settle', '--dry-run'));
    expect(byItself.map(({ reason }) => reason)).to.deep.equal(['NOTHING_DUE', 'NOTHING_DUE']);
    for (const { message } of waiting) expect(message).to.contain('is settled');
  }

  it('cannot keep operators from full pay: few receipts by direct claim, many by sampled claim', async () => {
    await Promise.all([few, many].map(async ({ viewers }) => viewers.message('watching')));
    await network.killMarketplace();
    await Promise.all([few, many].map(awaitViewers));
    for (const edge of network.edges) {
      await expectPaid(few, edge, 'direct-claim');
      await expectPaid(many, edge, 'sampled-claim');
    }
  });

  it('leaves books that add up, by route and with their gas, the same with the node stopped', async () => {
    for (const edge of network.edges) {
      const running = await eventually(async () => {
        const earnings = await earningsOf(edge);
        const { meteredWei, paidWei, settledWei, lostWei } = earnings.total;
        expect([paidWei, settledWei, lostWei]).to.deep.equal([meteredWei, meteredWei, '0']);
        expect(earnings.deals.map(({ unreadWei }) => unreadWei)).to.deep.equal(['0', '0']);
        return earnings;
      });
      const paid = [few, many].map(({ acknowledgedBytes }) =>
        priceWei(acknowledgedBytes.get(edge.node.operator) ?? 0n, ASK_WEI_PER_GIB).toString(),
      );
      const claims = running.routes.filter(({ payments }) => payments > 0);
      expect(claims.map(({ route }) => route)).to.deep.equal(['direct-claim', 'sampled-claim']);
      expect(claims.map(({ paidWei }) => paidWei)).to.deep.equal(paid);
      for (const { gasUsed, gasCostWei } of claims) {
        expect(BigInt(gasUsed) > 0n && BigInt(gasCostWei) > 0n, 'gas is in the books').to.equal(true);
      }
      const gasTokenWei = BigInt(running.gasTokenWei ?? '0');
      expect(BigInt(running.netWei ?? '0')).to.equal(BigInt(running.total.paidWei) - gasTokenWei);
      await expectNothingDue(edge);
      await edge.node.kill();
      const stopped = await earningsOf(edge);
      await expectNothingDue(edge);
      expect([stopped.total, stopped.gasCostWei]).to.deep.equal([running.total, running.gasCostWei]);
    }
  });
});
