import { expect } from 'chai';

import { concatBytes } from '../../../../sdk/protocol/bytes.ts';
import { DEAL_ID, hashOfGrant, keys } from '../http/gateway-fixture.ts';
import { DeskFixture, grantBytes, grantOf, receiptBytes, refusal } from './desk-fixture.ts';

const KIB = 1024;
const CLIENT = '192.0.2.7';

describe('Delivery desk', () => {
  const grant = grantOf();
  const grantHash = hashOfGrant(grant);

  it('admits a grant, reserves, settles, and tells how the grant stands', async () => {
    const fixture = new DeskFixture();
    const { desk } = fixture.local;
    const open = await desk.admit({ grant: grantBytes(grant) });
    expect(open).to.deep.equal({
      grantHash,
      grant,
      standing: { windowBytes: 64 * KIB, servedBytes: 0, durableBytes: 0 },
    });
    const leave = await desk.reserve(open, 1000);
    expect(open.standing).to.deep.equal({ windowBytes: 64 * KIB, servedBytes: 1000, durableBytes: 0 });
    leave.settle({ sentBytes: 1000, complete: true });
    leave.settle({ sentBytes: 0, complete: false });
    const again = await desk.admit({ grant: grantBytes(grant), receipt: receiptBytes(grant, 1000) });
    expect(again.standing).to.deep.equal({ windowBytes: 96 * KIB, servedBytes: 1000, durableBytes: 0 });
    await fixture.written();
    await desk.credit(again, receiptBytes(grant, 1000));
    expect(again.standing.durableBytes).to.equal(1000);
    expect(fixture.counted).to.deep.equal(['served paid 1000', 'credited', 'repeated']);
    expect(fixture.ledger.meterOf(DEAL_ID)).to.include({
      servedBytes: 1000,
      receiptedBytes: 1000,
      durableBytes: 1000,
    });
  });

  it('counts what a broken-off transfer sent against the grant', async () => {
    const fixture = new DeskFixture();
    const open = await fixture.local.desk.admit({ grant: grantBytes(grant) });
    (await fixture.local.desk.reserve(open, 1000)).settle({ sentBytes: 300, complete: false });
    expect(fixture.counted).to.deep.equal(['aborted 300']);
    expect(fixture.ledger.meterOf(DEAL_ID)).to.include({
      servedBytes: 0,
      lostBytes: 300,
      unreceiptedBytes: 0,
    });
  });

  it('recovers the signer of a grant, and of a receipt that comes twice, once', async () => {
    const fixture = new DeskFixture();
    const { desk } = fixture.local;
    const open = await desk.admit({ grant: grantBytes(grant) });
    (await desk.reserve(open, 1000)).settle({ sentBytes: 1000, complete: true });
    const presented = { grant: grantBytes(grant), receipt: receiptBytes(grant, 1000) };
    await desk.admit(presented);
    await desk.admit(presented);
    expect(fixture.recovered).to.equal(2);
  });

  it('admits a grant again that the ledger has forgotten', async () => {
    const fixture = new DeskFixture();
    const { desk } = fixture.local;
    const open = await desk.admit({ grant: grantBytes(grant) });
    fixture.ledger.closeEpochs(DEAL_ID, grant.epoch);
    expect(await refusal(desk.reserve(open, 1))).to.deep.include({ code: 'GRANT_UNKNOWN' });
    expect(await refusal(desk.credit(open, receiptBytes(grant, 1)))).to.deep.include({
      code: 'RECEIPT_UNKNOWN_GRANT',
    });
    expect(await refusal(desk.admit({ grant: grantBytes(grant) }))).to.deep.include({ code: 'EPOCH_CLOSED' });
  });

  it('refuses by code what is malformed, by a wrong key, or for another grant', async () => {
    const { desk } = new DeskFixture().local;
    const good = grantBytes(grant);
    const codes = [
      desk.admit({ grant: good.subarray(1) }),
      desk.admit({ grant: grantBytes(grant, keys.stranger) }),
      desk.admit({ grant: good, receipt: good }),
      desk.admit({ grant: good, receipt: receiptBytes(grantOf({ capBytes: 1n }), 1) }),
      desk.admit({ grant: good, receipt: receiptBytes(grant, 1, keys.stranger) }),
      desk.takeReceipts(good),
    ].map(async (work) => (await refusal(work)).code);
    expect(await Promise.all(codes)).to.deep.equal([
      ...['GRANT_MALFORMED', 'GRANT_BAD_SIGNATURE', 'RECEIPT_MALFORMED'],
      ...['RECEIPT_WRONG_GRANT', 'RECEIPT_BAD_SIGNATURE', 'RECEIPT_MALFORMED'],
    ]);
  });

  it('says so when the chain does not answer', async () => {
    const fixture = new DeskFixture();
    fixture.chainAway = true;
    expect(await refusal(fixture.local.desk.admit({ grant: grantBytes(grant) }))).to.deep.include({
      code: 'CHAIN_UNAVAILABLE',
      values: { dealId: DEAL_ID },
    });
  });

  it('answers final receipts when they are on disk, each by itself', async () => {
    const fixture = new DeskFixture();
    const { desk } = fixture.local;
    const open = await desk.admit({ grant: grantBytes(grant) });
    (await desk.reserve(open, 1000)).settle({ sentBytes: 1000, complete: true });
    let answered = false;
    const answers = desk
      .takeReceipts(concatBytes(receiptBytes(grant, 700), receiptBytes(grantOf({ capBytes: 1n }), 1)))
      .finally(() => (answered = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).to.equal(false);
    await fixture.written();
    const [good, bad] = await answers;
    expect(good).to.deep.equal({ grantHash, durableBytes: 700 });
    expect(bad).to.have.nested.property('error.code', 'RECEIPT_UNKNOWN_GRANT');
  });

  it('rations clients without a grant, but not the user of the own machine where it is told so', async () => {
    const coordinatorUrl = 'http://market.test';
    const fixture = new DeskFixture({ freeBytesPerMinute: 1000, ownUserIsFree: true, coordinatorUrl });
    const { desk } = fixture.local;
    (await desk.takeFree(CLIENT, 900)).settle({ sentBytes: 100, complete: false });
    (await desk.takeFree(CLIENT, 900)).settle({ sentBytes: 900, complete: true });
    expect(await refusal(desk.takeFree(CLIENT, 1))).to.deep.include({
      code: 'FREE_ALLOWANCE_EXHAUSTED',
      values: { requestedBytes: 1, availableBytes: 0, bytesPerMinute: 1000, coordinator: coordinatorUrl },
    });
    (await desk.takeFree('::1', 1_000_000)).settle({ sentBytes: 1_000_000, complete: true });
    expect(desk.freeRoomBytes(CLIENT)).to.equal(1000);
    expect(desk.freeRoomBytes('127.0.0.1')).to.equal(Infinity);
    expect(fixture.counted).to.deep.equal(['aborted 100', 'served free 900', 'served free 1000000']);
  });
});
