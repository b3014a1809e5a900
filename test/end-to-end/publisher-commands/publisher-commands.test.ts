import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { expect } from 'chai';

import { marketInterface } from '../../../sdk/chain/contracts.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { PublisherDesk, type Document } from './publisher-desk.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 12 * MIB + 345;
const ESCROW = 10n ** 18n;

describe('a publisher before a terminal', function () {
  this.timeout(180_000);
  let desk: PublisherDesk;
  let film: string;
  let published: Document;
  let heldWei: bigint;

  const field = (document: Document, name: string): string => String(document[name]);
  const dealId = (): string => field(published, 'dealId');

  before(async () => {
    desk = await PublisherDesk.open();
    film = await desk.file('film.mp4', FILE_BYTES);
    heldWei = await desk.tokens();
  });

  after(() => desk.close());

  it('asks what it would cost, and why not on others', async () => {
    const quote = await desk.document('quote', film, '--days', '30');
    expect(quote.schema).to.equal('bcdn/quote/1');
    expect(quote['bytes']).to.equal(FILE_BYTES);
    const nodes = quote['nodes'] as { amountWei: string }[];
    expect(nodes).to.have.length(2);
    const sum = nodes.reduce((total, { amountWei }) => total + BigInt(amountWei), 0n);
    expect(field(quote, 'depositWei')).to.equal(sum.toString());
    const elsewhere = await desk.run('quote', '2GiB', '--regions', 'us-east');
    expect(elsewhere.code, elsewhere.stderr).to.equal(1);
    expect(elsewhere.stdout).to.include('2 in another region');
    expect(await desk.tokens()).to.equal(heldWei);
  });

  it('asks for nodes that are fast enough for the busiest moment', async () => {
    const peak = ['--peak-viewers', '200', '--bitrate', '4.5Mbit'];
    const quote = await desk.document('quote', film, ...peak);
    expect(quote).to.include({ peakViewers: 200, bitrate: 4_500_000 });
    for (const wrong of [peak.slice(0, 2), peak.slice(2), ['--peak-viewers', '1', '--bitrate', '4.5']]) {
      const { code, stdout } = await desk.run('quote', film, '--json', ...wrong);
      expect([code, (JSON.parse(stdout) as Document).error?.code]).to.deep.equal([2, 'OPTION_INVALID']);
    }
  });

  it('is shown what it locks, and locks nothing where it cannot be asked', async () => {
    const { code, stdout, stderr } = await desk.run('publish', film, '--json');
    expect(code).to.equal(2);
    expect((JSON.parse(stdout) as Document).error?.code).to.equal('CONFIRMATION_NEEDED');
    expect(stderr)
      .to.match(/This locks [\d.]+ BCDN/)
      .and.to.include('returns about');
    expect(await desk.tokens()).to.equal(heldWei);
    expect(await desk.document('deal', 'list')).to.include({ total: 0 });
  });

  it('refuses what is too dear or too large, saying what is needed and what is there', async () => {
    const { code, stdout } = await desk.run('publish', film, '--yes', '--json', '--budget', '1wei');
    expect(code).to.equal(3);
    expect((JSON.parse(stdout) as Document).error?.code).to.equal('BUDGET_EXCEEDED');
    const wide = await desk.run('publish', film, '--yes', '--json', '--replicas', '3');
    const { error: tooFew } = JSON.parse(wide.stdout) as Document;
    expect([wide.code, tooFew?.code]).to.deep.equal([3, 'TOO_FEW_NODES']);
    expect(tooFew?.values).to.include({ need: 3, have: 2 });
    const rich = await desk.run('publish', film, '--yes', '--json', '--peer-pool', '1000000BCDN');
    const { error } = JSON.parse(rich.stdout) as Document;
    expect(error?.code).to.equal('MONEY_SHORT');
    expect(error?.values).to.include({ haveWei: heldWei.toString() });
    expect(await desk.tokens()).to.equal(heldWei);
  });

  it('publishes, and a viewer fetches it', async () => {
    published = await desk.document('publish', film, '--yes', '--tag', 'films');
    expect(published).to.include({ schema: 'bcdn/publish/1', bytes: FILE_BYTES, resumed: false });
    expect(heldWei - (await desk.tokens())).to.equal(BigInt(field(published, 'escrowedWei')));
    const out = join(desk.folder, 'copy.mp4');
    const marketplace = ['--marketplace', desk.network.marketplaceUrl];
    const fetched = await desk.run('fetch', field(published, 'cid'), '--out', out, ...marketplace);
    expect(fetched.code, fetched.stderr).to.equal(0);
    expect(Buffer.compare(await readFile(out), await readFile(film))).to.equal(0);
  });

  it('lists it, and shows where its money is, to the last unit', async () => {
    const list = await desk.document('deal', 'list', '--state', 'open');
    expect((list['deals'] as { dealId: string }[]).map((deal) => deal.dealId)).to.deep.equal([dealId()]);
    await expectAllAccounted();
  });

  /** Deposited = withdrawn + paid + remaining, and what remains is free or left to nodes. */
  async function expectAllAccounted(): Promise<Document> {
    const shown = await desk.document('deal', 'show', dealId());
    const sumOf = (...names: readonly string[]): bigint =>
      names.reduce((sum, name) => sum + BigInt(field(shown, name)), 0n);
    expect(sumOf('withdrawnWei', 'paidWei', 'remainingWei')).to.equal(sumOf('depositedWei'));
    expect(sumOf('freeWei', 'balanceWei', 'lockedWei')).to.equal(sumOf('remainingWei'));
    return shown;
  }

  it('tops it up: the nodes that serve it share it', async () => {
    const { balanceWei } = await desk.document('deal', 'show', dealId());
    const added = await desk.document('deal', 'top-up', dealId(), '1BCDN', '--yes');
    expect(added['allocations']).to.have.length(2);
    expect(added).to.include({ amountWei: ESCROW.toString(), resumed: false });
    // All of it is in one transaction.
    const { provider } = desk.network;
    const receipt = await provider.getTransactionReceipt(field(added, 'transaction'));
    expect(parseAddress(receipt?.from ?? '')).to.equal(desk.address);
    const named = receipt?.logs.map((log) => marketInterface.parseLog(log)?.name);
    expect(named?.filter((name) => name !== undefined)).to.deep.equal(['ToppedUp', 'Allocated', 'Allocated']);
    const after = await desk.document('deal', 'show', dealId());
    const paid = BigInt(field(after, 'paidWei'));
    expect(BigInt(field(after, 'balanceWei')) + paid).to.be.at.least(
      BigInt(String(balanceWei)) + ESCROW - paid,
    );
  });

  it('pauses: nothing is allocated any more, and the deal stays open; then it goes on', async () => {
    const paused = await desk.document('deal', 'pause', dealId());
    expect(paused['thawing']).to.have.length(2);
    const again = await desk.document('deal', 'pause', dealId());
    expect(again['thawEndsAt']).to.equal(paused['thawEndsAt']);
    const states = async (): Promise<string[]> => {
      const { allocations } = await desk.document('deal', 'show', dealId());
      return (allocations as { state: string }[]).map(({ state }) => state);
    };
    expect(await states()).to.deep.equal(['thawing', 'thawing']);
    await desk.until(Number(paused['thawEndsAt']));
    const resumed = await desk.document('deal', 'resume', dealId());
    expect(resumed['allocations']).to.have.length(2);
    expect(await states()).to.deep.equal(['active', 'active']);
  });

  it('closes: first without waiting, then with the exact refund', async () => {
    const begun = await desk.document('deal', 'close', dealId(), '--no-wait', '--yes');
    expect(begun).to.include({ state: 'closing' });
    const held = await desk.tokens();
    const closed = await desk.document('deal', 'close', dealId(), '--yes');
    expect(closed).to.include({ schema: 'bcdn/deal-close/1', state: 'closed' });
    const [spent, refunded] = [BigInt(field(closed, 'spentWei')), BigInt(field(closed, 'refundedWei'))];
    expect((await desk.tokens()) - held).to.equal(refunded);
    expect(spent + refunded).to.equal(BigInt(field(published, 'escrowedWei')) + ESCROW);
    expect(heldWei - (await desk.tokens())).to.equal(spent);
    const { code, stdout } = await desk.run('deal', 'pause', dealId(), '--json');
    expect([code, (JSON.parse(stdout) as Document).error?.code]).to.deep.equal([3, 'DEAL_ENDED']);
  });

  it('publishes a file that stands on a web server: its edges fetch it from there', async () => {
    const bytes = await readFile(film);
    const server = await serveWithRanges(bytes);
    try {
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/film.mp4`;
      const from = await desk.document('publish', url, '--yes');
      expect(from).to.include({ bytes: FILE_BYTES, cid: published['cid'] });
      expect(from['dealId']).to.not.equal(dealId());
      const origin = await desk.document('origin', '--deal', field(from, 'dealId'));
      expect(origin).to.include({ kind: 'file', url, bytes: String(FILE_BYTES) });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('is told which deals are not its own, and what is wrong in its configuration', async () => {
    const { code, stdout } = await desk.run('deal', 'show', `0x${'12'.repeat(32)}`, '--json');
    expect([code, (JSON.parse(stdout) as Document).error?.code]).to.deep.equal([3, 'DEAL_UNKNOWN']);
    const nowhere = await desk.run('quote', '1GiB', '--marketplace', 'http://127.0.0.1:9', '--json');
    expect(nowhere.code).to.equal(4);
  });
});

/** A web server with one file. */
async function serveWithRanges(bytes: Buffer): Promise<Server> {
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (range === null) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      return;
    }
    const [from, to] = [Number(range[1]), Number(range[2])];
    const headers = {
      'content-range': `bytes ${from}-${to}/${bytes.length}`,
      'content-length': to - from + 1,
    };
    response.writeHead(206, headers).end(bytes.subarray(from, to + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
