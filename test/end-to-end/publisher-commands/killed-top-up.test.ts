import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import { Wallet } from 'ethers';

import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { parseDealId, type DealId } from '../../../sdk/protocol/identifiers.ts';
import {
  interruptedTopUp,
  topUpDistribution,
  type TopUpJournal,
} from '../../../sdk/publish/top-up-distribution.ts';
import { topUpFile } from '../../../sdk/publish/top-up-file.ts';
import { PublisherDesk } from './publisher-desk.ts';

const MIB = 1024 * 1024;
const TOKEN_WEI = 10n ** 18n;
/** Where it is killed: what it has just said. */
const POINTS = ['This locks', 'Sending it'] as const;

describe('bcdn deal top-up that is interrupted', function () {
  this.timeout(180_000);
  let desk: PublisherDesk;
  let dealId: DealId;

  before(async () => {
    desk = await PublisherDesk.open();
    const published = await desk.document('publish', await desk.file('film', 2 * MIB), '--yes');
    dealId = parseDealId(String(published['dealId']));
  });

  after(() => desk.close());

  const senderOf = () => {
    const { provider, deployment, publisherKey } = desk.network;
    return new TransactionSender({ provider, wallet: new Wallet(publisherKey, provider), deployment });
  };

  for (const [index, point] of POINTS.entries()) {
    it(`killed (SIGKILL) after it said "${point}": the same command pays once`, async () => {
      const amountWei = TOKEN_WEI + BigInt(index);
      const command = ['deal', 'top-up', dealId, `${amountWei}wei`, '--yes'];
      const heldWei = await desk.tokens();
      expect(await desk.killedAt(point, ...command)).to.equal(true);
      const added = await desk.document(...command);
      expect(added['amountWei']).to.equal(amountWei.toString());
      expect(heldWei - (await desk.tokens())).to.equal(amountWei);
      expect((await desk.document('deal', 'show', dealId))['freeWei']).to.equal('0');
      expect(await readdir(join(desk.folder, 'state', 'bcdn', 'top-ups'))).to.deep.equal([]);
    });
  }

  it('ended between the mined transaction and its own memory of it: the chain is asked, nothing is sent', async () => {
    const file = topUpFile(join(desk.folder, 'top-up.json'));
    const interrupted: TopUpJournal = {
      ...file,
      remove: () => Promise.reject(new RangeError('killed here')),
    };
    const sender = senderOf();
    const nodes = desk.network.edges.map(({ node }) => node.operator);
    const heldWei = await desk.tokens();
    const wish = { amountWei: 7n, journal: interrupted };
    const failure = await topUpDistribution({ sender, dealId, nodes }, wish).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(RangeError);
    const made = await interruptedTopUp({ sender, dealId }, file);
    expect(made?.amountWei).to.equal(7n);
    expect(await desk.network.provider.getTransactionReceipt(made?.transaction ?? '')).to.not.equal(null);
    expect(await interruptedTopUp({ sender, dealId }, file)).to.equal(undefined);
    expect(heldWei - (await desk.tokens())).to.equal(7n);
  });

  it('ended before anything was sent: nothing is on the chain, and the next one is free to go', async () => {
    const file = topUpFile(join(desk.folder, 'unsent.json'));
    const sender = senderOf();
    const afterBlock = await desk.network.provider.getBlockNumber();
    await file.write({ dealId, amountWei: 5n, afterBlock });
    expect(await interruptedTopUp({ sender, dealId }, file)).to.equal(undefined);
    expect(await file.read()).to.equal(undefined);
  });
});
