import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import { earningsDocument } from '../../node/app/control/documents.ts';
import type { SmallEdge } from '../../scripts/kills/small-network.ts';
import { readChainTime } from '../../sdk/chain/deals.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import { readTokenBalance } from '../../sdk/chain/tokens.ts';
import { PublisherDesk } from '../end-to-end/publisher-commands/publisher-desk.ts';
import { openChromium } from './chromium.ts';
import { readMarket, type LedgerSubject } from './ledger/market-readings.ts';
import { readNode } from './ledger/node-readings.ts';
import { readDesk, readPages } from './ledger/page-readings.ts';
import { readCommands, readContracts } from './ledger/publisher-readings.ts';
import { agreed, DEAL, disagreements, exact, placesOf, type Reading } from './ledger/reading.ts';
import { PageLog } from './page-log.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 5 * MIB + 4_321;
const FEE_BPS = 250n;
/** No amount of this test is due from here on: nodes settle when they are asked to, or when their deal ends. */
const NEVER_BY_ITSELF = ['--settle-minimum-wei', String(10n ** 24n)];
/**
 * A block passes from the chain to nodes, marketplace and pages in fractions of a second, and receipts are handed in and paid
 * some epochs after they were signed; this is for busy machines, where one look at all places takes many seconds.
 */
const AGREEMENT_TIMEOUT_MS = 90_000;

describe('one ledger: real nodes, commands, metrics, pages and contracts', function () {
  this.timeout(600_000);
  let desk: PublisherDesk;
  let browser: Browser;
  let page: Page;
  let log: PageLog;
  let subject: LedgerSubject;
  let cid: string;
  let views = 0;
  /** What viewers say that they have signed for, by node. */
  const signed = new Map<string, bigint>();
  const operatorsHad = new Map<string, bigint>();

  before(async () => {
    desk = await PublisherDesk.open({ protocolFeeBps: Number(FEE_BPS), edgeFlags: NEVER_BY_ITSELF });
    browser = await openChromium();
    page = await browser.newPage();
    page.setDefaultTimeout(AGREEMENT_TIMEOUT_MS);
    log = new PageLog(page);
    const film = await desk.file('film.bin', FILE_BYTES);
    const published = await desk.document('publish', film, '--yes');
    cid = String(published['cid']);
    const nodes = desk.network.edges.map(({ node }) => node.operator);
    subject = { marketplaceUrl: desk.network.marketplaceUrl, dealId: String(published['dealId']), nodes };
    for (const node of nodes) operatorsHad.set(node, await tokensOf(node));
  });

  after(async () => {
    await browser?.close();
    await desk?.close();
  });

  const tokensOf = (account: string): Promise<bigint> =>
    readTokenBalance(desk.network.provider, desk.network.deployment, parseAddress(account));

  /** A viewer fetches the whole content, and signs for it. */
  async function view(): Promise<void> {
    const out = join(desk.folder, `view-${++views}.bin`);
    const fetched = await desk.document('fetch', cid, '--out', out);
    expect(fetched['bytes']).to.equal(FILE_BYTES);
    for (const { node, bytes } of fetched['receipts'] as readonly { node: string; bytes: unknown }[])
      signed.set(node, (signed.get(node) ?? 0n) + exact(bytes));
  }

  async function readEverything(): Promise<Reading[]> {
    const nodes: Reading[] = [];
    for (const edge of desk.network.edges) nodes.push(...(await readNode(edge)), await readDesk(page, edge));
    return [
      ...[...signed].map(([node, bytes]) => ({ place: 'viewers', subject: node, figures: { bytes } })),
      ...nodes,
      ...(await readMarket(subject)),
      ...(await readCommands(desk, subject)),
      ...(await readContracts(desk, subject)),
      ...(await readPages(page, subject)),
    ];
  }

  /** Looks until all places have seen the last block and receipt, then says on what they still differ. */
  async function expectOneLedger(): Promise<Reading[]> {
    const deadlineMs = performance.now() + AGREEMENT_TIMEOUT_MS;
    let readings = await readEverything();
    while (disagreements(readings).length > 0 && performance.now() < deadlineMs)
      readings = await readEverything();
    expect(disagreements(readings)).to.deep.equal([]);
    // Blocks that came twice because one edge was slow are signed for, too.
    expect(agreed(readings, 'bytes', DEAL) >= BigInt(views * FILE_BYTES)).to.equal(true);
    const sumOver = (figure: 'bytes' | 'metered' | 'paid' | 'fee' | 'lost'): bigint =>
      subject.nodes.reduce((sum, node) => sum + agreed(readings, figure, node), 0n);
    for (const figure of ['bytes', 'metered', 'paid', 'fee', 'lost'] as const)
      expect(sumOver(figure), figure).to.equal(agreed(readings, figure, DEAL));
    for (const node of subject.nodes) {
      // Everybody who says it at all was heard: a page that shows nothing does not agree.
      const heard = (['bytes', 'metered', 'settled', 'paid', 'fee', 'lost'] as const).map((figure) =>
        placesOf(readings, figure, node),
      );
      expect(heard).to.deep.equal([11, 13, 10, 17, 7, 8]);
      const received = agreed(readings, 'paid', node) - agreed(readings, 'fee', node);
      expect((await tokensOf(node)) - (operatorsHad.get(node) ?? 0n)).to.equal(received);
    }
    expect(agreed(readings, 'deposited', DEAL)).to.equal(
      agreed(readings, 'withdrawn', DEAL) + agreed(readings, 'paid', DEAL) + agreed(readings, 'held', DEAL),
    );
    return readings;
  }

  /** Its operator settles until all is paid: what was signed for in an epoch is due some time after its end. */
  async function settle({ node }: SmallEdge): Promise<void> {
    for (const deadlineMs = performance.now() + AGREEMENT_TIMEOUT_MS; performance.now() < deadlineMs;) {
      await desk.until((await readChainTime(desk.network.provider)) + desk.epochSeconds);
      await node.command('settle', '--yes');
      const { total } = earningsDocument.parse(await node.command('earnings'));
      if (total.paidWei === total.meteredWei) return;
    }
  }

  it('agrees before anything is paid', async () => {
    await view();
    const readings = await expectOneLedger();
    expect(agreed(readings, 'paid', DEAL)).to.equal(0n);
    const rate = 10n ** 16n;
    const metered = subject.nodes.map((node) => priceWei(agreed(readings, 'bytes', node), rate));
    expect(agreed(readings, 'metered', DEAL)).to.equal(metered.reduce((sum, wei) => sum + wei, 0n));
  });

  it('agrees after the nodes have settled, fee and all', async () => {
    await view();
    for (const edge of desk.network.edges) await settle(edge);
    const readings = await expectOneLedger();
    const metered = agreed(readings, 'metered', DEAL);
    expect(metered > 0n).to.equal(true);
    expect(agreed(readings, 'paid', DEAL)).to.equal(metered);
    for (const node of subject.nodes)
      expect(agreed(readings, 'fee', node)).to.equal((agreed(readings, 'paid', node) * FEE_BPS) / 10_000n);
  });

  it('agrees after more was delivered, the deal closed, and the rest came back', async () => {
    await view();
    const held = await desk.tokens();
    const closed = await desk.document('deal', 'close', subject.dealId, '--yes');
    expect(closed['unpaidNodes'], 'every node had time to be paid').to.deep.equal([]);
    const readings = await expectOneLedger();
    const refunded = BigInt(String(closed['refundedWei']));
    expect((await desk.tokens()) - held).to.equal(refunded);
    expect(agreed(readings, 'withdrawn', DEAL)).to.equal(refunded);
    expect(agreed(readings, 'held', DEAL)).to.equal(0n);
    expect(agreed(readings, 'lost', DEAL)).to.equal(0n);
    expect(agreed(readings, 'paid', DEAL)).to.equal(agreed(readings, 'metered', DEAL));
    expect(BigInt(String(closed['spentWei']))).to.equal(agreed(readings, 'paid', DEAL));
    expect(log.complaints).to.deep.equal([]);
  });
});
