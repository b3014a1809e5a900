import { MAX_SERVED_BLOCK_BYTES } from '../../../../sdk/protocol/limits.ts';
import { expect } from 'chai';

import { parseAddress, parseContentRoot, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';

import {
  allocation,
  DEAL_ID,
  EPOCH,
  EPOCH_SECONDS,
  errorOf,
  grantOf,
  GRANT_KEY,
  hashOf,
  newLedger,
  NODE,
  NOW,
  OLD_KEY,
  open,
  receipt,
  reserve,
  ROOT,
  serve,
  valueOf,
  VIEWER,
} from './ledger-fixture.ts';

const KIB = 1024;
const OTHER = parseAddress(`0x${'99'.repeat(20)}`);

describe('DeliveryLedger: opening a grant', () => {
  it('begins with the initial window and nothing served', () => {
    expect(valueOf(open(newLedger()))).to.deep.equal({
      grant: grantOf(),
      windowBytes: 64 * KIB,
      servedBytes: 0,
      receiptedBytes: 0,
      durableBytes: 0,
    });
  });

  it('finds the session again when the same grant comes twice', () => {
    const ledger = newLedger();
    open(ledger);
    serve(ledger, 1000);
    expect(valueOf(open(ledger)).servedBytes).to.equal(1000);
    expect(ledger.liveGrants).to.equal(1);
  });

  it('refuses a grant for another node', () => {
    const error = errorOf(open(newLedger(), { grant: { node: OTHER } }));
    expect(error).to.include({ code: 'GRANT_WRONG_NODE' });
    expect(error.values).to.deep.equal({ expected: NODE, actual: OTHER });
  });

  it('refuses a grant of a deal that is not on chain', () => {
    const error = errorOf(open(newLedger(), { deal: undefined }));
    expect(error).to.include({ code: 'GRANT_UNKNOWN_DEAL' });
    expect(error.values).to.deep.equal({ dealId: DEAL_ID });
  });

  it('refuses a grant that the grant key did not sign', () => {
    const error = errorOf(open(newLedger(), { signer: OTHER }));
    expect(error).to.include({ code: 'GRANT_BAD_SIGNATURE' });
    expect(error.values).to.deep.equal({ expected: GRANT_KEY, actual: OTHER });
  });

  it('takes a grant of the rotated key only for epochs up to its last one', () => {
    const through = parseEpoch(EPOCH - 2);
    const past = { epoch: parseEpoch(EPOCH - 1) };
    const nowSeconds = (EPOCH - 1) * EPOCH_SECONDS + 50;
    const settled = { ...allocation, throughEpoch: through };
    expect(open(newLedger(), { signer: OLD_KEY, grant: past, nowSeconds, allocation: settled }).ok).to.equal(
      true,
    );
    expect(errorOf(open(newLedger(), { signer: OLD_KEY }))).to.include({ code: 'GRANT_BAD_SIGNATURE' });
  });

  it('refuses a grant for another content than its deal', () => {
    const other = parseContentRoot(`0x${'88'.repeat(32)}`);
    const error = errorOf(open(newLedger(), { grant: { contentRoot: other } }));
    expect(error).to.include({ code: 'GRANT_WRONG_CONTENT' });
    expect(error.values).to.deep.equal({ expected: ROOT, actual: other });
  });

  it('takes a grant within the skew at both ends of its epoch and refuses it beyond', () => {
    const start = EPOCH * EPOCH_SECONDS;
    const end = start + EPOCH_SECONDS;
    expect(open(newLedger(), { nowSeconds: start - 2 }).ok).to.equal(true);
    expect(open(newLedger(), { nowSeconds: end + 1.9 }).ok).to.equal(true);
    const early = errorOf(open(newLedger(), { nowSeconds: start - 2.1 }));
    expect(early).to.include({ code: 'GRANT_NOT_YET_VALID' });
    expect(early.values).to.deep.equal({ epoch: EPOCH, currentEpoch: EPOCH - 1 });
    const late = errorOf(open(newLedger(), { nowSeconds: end + 2 }));
    expect(late).to.include({ code: 'GRANT_EXPIRED' });
    expect(late.values).to.deep.equal({ epoch: EPOCH, currentEpoch: EPOCH + 1 });
  });

  it('keeps the skew to a tenth of an epoch where epochs last seconds', () => {
    const ledger = newLedger({ epochSeconds: 5 });
    const grant = { epoch: parseEpoch(1000) };
    const nothingSettled = { ...allocation, throughEpoch: parseEpoch(0) };
    const at = (nowSeconds: number): boolean =>
      open(ledger, { grant, nowSeconds, allocation: nothingSettled }).ok;
    expect(at(5005.4)).to.equal(true);
    expect(at(5005.5)).to.equal(false);
  });

  it('refuses when the deal allocates nothing, has settled the epoch, or took the allocation back', () => {
    expect(errorOf(open(newLedger(), { allocation: undefined })).code).to.equal('ALLOCATION_MISSING');
    const settled = errorOf(open(newLedger(), { allocation: { ...allocation, throughEpoch: EPOCH } }));
    expect(settled).to.include({ code: 'EPOCH_CLOSED' });
    expect(settled.values).to.deep.equal({ epoch: EPOCH, throughEpoch: EPOCH });
    const released = errorOf(open(newLedger(), { allocation: { ...allocation, state: 'released' } }));
    expect(released.code).to.equal('ALLOCATION_ENDED');
  });

  it('serves nothing more of a content that was taken down, and takes receipts for what it served before', () => {
    const withdrawn = { ...allocation, isWithdrawn: true };
    const refused = errorOf(open(newLedger(), { allocation: withdrawn }));
    expect(refused).to.include({ code: 'CONTENT_WITHDRAWN' });
    expect(refused.values).to.have.keys('dealId', 'contentRoot');
    const ledger = newLedger();
    open(ledger);
    serve(ledger, 1000);
    expect(errorOf(reserve(ledger, 1, { allocation: withdrawn }))).to.include({ code: 'CONTENT_WITHDRAWN' });
    valueOf(receipt(ledger, 1000));
    expect(ledger.state(hashOf(1))?.receiptedBytes).to.equal(1000);
  });

  it('serves a thawing allocation as long as the epoch can still be claimed', () => {
    const thawing = (thawEndEpoch: number): ReturnType<typeof open> =>
      open(newLedger(), {
        allocation: { ...allocation, state: 'thawing', thawEndEpoch: parseEpoch(thawEndEpoch) },
      });
    expect(thawing(EPOCH + 2).ok).to.equal(true);
    const error = errorOf(thawing(EPOCH + 1));
    expect(error).to.include({ code: 'ALLOCATION_ENDED' });
    expect(error.values).to.deep.equal({ dealId: DEAL_ID, state: 'thawing', epoch: EPOCH });
  });

  it('remembers a bounded number of grants', () => {
    const ledger = newLedger({ maxLiveGrantsPerDeal: 2 });
    open(ledger, { number: 1 });
    open(ledger, { number: 2 });
    const error = errorOf(open(ledger, { number: 3 }));
    expect(error).to.include({ code: 'LEDGER_FULL' });
    expect(error.values).to.include({ grantsOfDeal: 2, maxPerDeal: 2, grants: 2 });
    expect(open(ledger, { number: 2 }).ok).to.equal(true);
  });

  it('forgets grants of past epochs that are fully receipted and durable, and keeps the others', () => {
    const ledger = newLedger({ maxLiveGrants: 6 });
    for (const number of [1, 2, 3]) open(ledger, { number });
    for (const number of [1, 2]) serve(ledger, 1000, number);
    valueOf(receipt(ledger, 1000, { number: 1 }));
    ledger.markDurable(hashOf(1), 1000);
    const nowSeconds = NOW + EPOCH_SECONDS;
    expect(open(ledger, { number: 4, grant: { epoch: parseEpoch(EPOCH + 1) }, nowSeconds }).ok).to.equal(
      true,
    );
    expect([1, 2, 3, 4].map((number) => ledger.state(hashOf(number)) !== undefined)).to.deep.equal([
      false,
      true,
      false,
      true,
    ]);
    expect(valueOf(receipt(ledger, 1000, { number: 2 })).advancedBytes).to.equal(1000);
    expect(ledger.meterOf(DEAL_ID)).to.include({
      servedBytes: 2000,
      receiptedBytes: 2000,
      lostBytes: 0,
      liveGrants: 2,
    });
  });

  it('refuses new grants of a deal whose viewers do not sign', () => {
    const ledger = newLedger({ maxUnreceiptedBytesPerDeal: 100_000 });
    open(ledger, { number: 1 });
    open(ledger, { number: 2 });
    serve(ledger, 60_000, 1);
    expect(errorOf(reserve(ledger, 60_000, { number: 2 })).code).to.equal('DEAL_AT_RISK_LIMIT');
    serve(ledger, 40_000, 2);
    const error = errorOf(open(ledger, { number: 3 }));
    expect(error).to.include({ code: 'DEAL_AT_RISK_LIMIT' });
    expect(error.values).to.deep.equal({ unreceiptedBytes: 100_000, maxBytes: 100_000 });
    valueOf(receipt(ledger, 60_000, { number: 1 }));
    expect(open(ledger, { number: 3 }).ok).to.equal(true);
  });
});

describe('DeliveryLedger: serving on credit', () => {
  it('stops when the window is full and goes on when a receipt comes', () => {
    const ledger = newLedger();
    open(ledger);
    serve(ledger, 40 * KIB);
    const error = errorOf(reserve(ledger, 30 * KIB));
    expect(error).to.include({ code: 'CREDIT_EXHAUSTED' });
    expect(error.values).to.deep.equal({
      unreceiptedBytes: 40 * KIB,
      abortedBytes: 0,
      windowBytes: 64 * KIB,
      requestedBytes: 30 * KIB,
    });
    valueOf(receipt(ledger, 40 * KIB));
    expect(reserve(ledger, 30 * KIB).ok).to.equal(true);
  });

  it('grows the window by half with each advancing receipt, up to 1 MiB', () => {
    const ledger = newLedger();
    open(ledger);
    const windows: number[] = [];
    for (let total = KIB; windows.length < 9; total += KIB) {
      serve(ledger, KIB);
      windows.push(valueOf(receipt(ledger, total)).windowBytes);
    }
    expect(windows).to.deep.equal([98304, 147456, 221184, 331776, 497664, 746496, 1048576, 1048576, 1048576]);
  });

  it('does not grow the window for a repeated receipt', () => {
    const ledger = newLedger();
    open(ledger);
    serve(ledger, KIB);
    valueOf(receipt(ledger, KIB));
    expect(valueOf(receipt(ledger, KIB))).to.deep.equal({ advancedBytes: 0, windowBytes: 98304 });
  });

  it('serves one block of 1 MiB with framing when nothing is unreceipted, and no second one', () => {
    const ledger = newLedger();
    open(ledger);
    serve(ledger, MAX_SERVED_BLOCK_BYTES);
    expect(errorOf(reserve(ledger, 1)).code).to.equal('CREDIT_EXHAUSTED');
    valueOf(receipt(ledger, MAX_SERVED_BLOCK_BYTES));
    expect(reserve(ledger, MAX_SERVED_BLOCK_BYTES).ok).to.equal(true);
  });

  it('refuses what no window would ever hold', () => {
    const ledger = newLedger();
    open(ledger);
    const error = errorOf(reserve(ledger, MAX_SERVED_BLOCK_BYTES + 1));
    expect(error).to.include({ code: 'BLOCK_ABOVE_CREDIT' });
    expect(error.values).to.include({ maxBytes: MAX_SERVED_BLOCK_BYTES });
  });

  it('counts what is reserved before it is sent', () => {
    const ledger = newLedger();
    open(ledger);
    const first = valueOf(reserve(ledger, 40 * KIB));
    expect(errorOf(reserve(ledger, 40 * KIB)).code).to.equal('CREDIT_EXHAUSTED');
    first.abort(0);
    expect(reserve(ledger, 40 * KIB).ok).to.equal(true);
  });

  it('charges what left the node in a broken-off transfer against the credit of the grant', () => {
    const ledger = newLedger();
    open(ledger);
    valueOf(reserve(ledger, 60 * KIB)).abort(50 * KIB);
    expect(errorOf(reserve(ledger, MAX_SERVED_BLOCK_BYTES)).code).to.equal('GRANT_ABORTS_EXHAUSTED');
    expect(reserve(ledger, 14 * KIB).ok).to.equal(true);
    expect(ledger.meterOf(DEAL_ID)).to.include({ lostBytes: 50 * KIB, servedBytes: 0 });
  });

  it('settles a reservation once', () => {
    const ledger = newLedger();
    open(ledger);
    const reservation = valueOf(reserve(ledger, KIB));
    reservation.commit();
    reservation.commit();
    reservation.abort(KIB);
    expect(ledger.meterOf(DEAL_ID)).to.include({ servedBytes: KIB, lostBytes: 0, unreceiptedBytes: KIB });
  });

  it('refuses beyond the cap', () => {
    const ledger = newLedger();
    open(ledger, { grant: { capBytes: 1500n } });
    serve(ledger, 1000);
    const error = errorOf(reserve(ledger, 501));
    expect(error).to.include({ code: 'GRANT_OVER_CAP' });
    expect(error.values).to.deep.equal({ capBytes: 1500n, usedBytes: 1000, requestedBytes: 501 });
    expect(reserve(ledger, 500).ok).to.equal(true);
  });

  it('refuses what the allocation can no longer pay, counting what it owes already', () => {
    const ledger = newLedger();
    const poor = { ...allocation, balanceWei: 3000n };
    open(ledger, { allocation: poor });
    valueOf(reserve(ledger, 1000, { allocation: poor })).commit();
    valueOf(receipt(ledger, 1000));
    valueOf(reserve(ledger, 1000, { allocation: poor })).commit();
    const error = errorOf(reserve(ledger, 1001, { allocation: poor }));
    expect(error).to.include({ code: 'ALLOCATION_EXHAUSTED' });
    expect(error.values).to.deep.equal({ balanceWei: 3000n, owedWei: 2000n, requestedWei: 1001n });
    expect(reserve(ledger, 1000, { allocation: poor }).ok).to.equal(true);
  });

  it('refuses when the epoch ends or is settled while the grant is open', () => {
    const ledger = newLedger();
    open(ledger);
    const later = errorOf(reserve(ledger, 1, { nowSeconds: NOW + EPOCH_SECONDS }));
    expect(later.code).to.equal('GRANT_EXPIRED');
    const settled = errorOf(reserve(ledger, 1, { allocation: { ...allocation, throughEpoch: EPOCH } }));
    expect(settled.code).to.equal('EPOCH_CLOSED');
  });

  it('refuses a grant that was never opened', () => {
    expect(errorOf(reserve(newLedger(), 1)).code).to.equal('GRANT_UNKNOWN');
  });
});

describe('DeliveryLedger: receipts', () => {
  it('refuses a receipt of an unknown grant, by another signer, backwards, beyond what was served, above the cap', () => {
    const ledger = newLedger();
    expect(errorOf(receipt(ledger, 1)).code).to.equal('RECEIPT_UNKNOWN_GRANT');
    open(ledger, { grant: { capBytes: 5000n } });
    serve(ledger, 3000);
    const stranger = errorOf(receipt(ledger, 1000, { signer: OTHER }));
    expect(stranger).to.include({ code: 'RECEIPT_BAD_SIGNATURE' });
    expect(stranger.values).to.deep.equal({ expected: VIEWER, actual: OTHER });
    const beyond = errorOf(receipt(ledger, 3001));
    expect(beyond).to.include({ code: 'RECEIPT_BEYOND_SERVED' });
    expect(beyond.values).to.deep.equal({ bytesCumulative: 3001n, servedBytes: 3000 });
    const above = errorOf(receipt(ledger, 5001));
    expect(above).to.include({ code: 'RECEIPT_OVER_CAP' });
    expect(above.values).to.deep.equal({ bytesCumulative: 5001n, capBytes: 5000n });
    valueOf(receipt(ledger, 2000));
    const backwards = errorOf(receipt(ledger, 1999));
    expect(backwards).to.include({ code: 'RECEIPT_BACKWARDS' });
    expect(backwards.values).to.deep.equal({ bytesCumulative: 1999n, receiptedBytes: 2000 });
  });

  it('refuses the largest number of the wire as beyond what was served', () => {
    const ledger = newLedger();
    open(ledger, { grant: { capBytes: (1n << 64n) - 1n } });
    expect(errorOf(receipt(ledger, (1n << 64n) - 1n)).code).to.equal('RECEIPT_BEYOND_SERVED');
  });

  it('takes a receipt for a block whose last bytes are still being written', () => {
    const ledger = newLedger();
    open(ledger);
    const reservation = valueOf(reserve(ledger, 5000));
    valueOf(receipt(ledger, 5000));
    reservation.commit();
    expect(ledger.state(hashOf(1))).to.include({ servedBytes: 5000, receiptedBytes: 5000 });
    expect(ledger.meterOf(DEAL_ID)).to.include({ unreceiptedBytes: 0, lostBytes: 0 });
  });

  it('keeps what was signed although the connection broke before the transfer ended', () => {
    const ledger = newLedger();
    open(ledger);
    const reservation = valueOf(reserve(ledger, 5000));
    valueOf(receipt(ledger, 5000));
    reservation.abort(0);
    expect(ledger.meterOf(DEAL_ID)).to.include({ servedBytes: 5000, unreceiptedBytes: 0, lostBytes: 0 });
  });

  it('tells earned from durable', () => {
    const ledger = newLedger();
    open(ledger);
    serve(ledger, 5000);
    valueOf(receipt(ledger, 4000));
    expect(ledger.meterOf(DEAL_ID)).to.include({ receiptedBytes: 4000, durableBytes: 0, atRiskBytes: 5000 });
    ledger.markDurable(hashOf(1), 4000);
    ledger.markDurable(hashOf(1), 3000);
    expect(ledger.meterOf(DEAL_ID)).to.include({ durableBytes: 4000, atRiskBytes: 1000 });
  });

  it('takes receipts of an ended epoch until it is closed, then refuses them', () => {
    const ledger = newLedger();
    open(ledger);
    serve(ledger, 5000);
    valueOf(receipt(ledger, 2000));
    expect(ledger.closeEpochs(DEAL_ID, EPOCH)).to.deep.equal({ grants: 1, lostBytes: 3000 });
    expect(errorOf(receipt(ledger, 3000)).code).to.equal('RECEIPT_UNKNOWN_GRANT');
    expect(errorOf(open(ledger)).code).to.equal('EPOCH_CLOSED');
    expect(ledger.meterOf(DEAL_ID)).to.include({ liveGrants: 0, unreceiptedBytes: 0, lostBytes: 3000 });
  });

  it('counts a transfer that ends after its epoch was closed as lost', () => {
    const ledger = newLedger();
    open(ledger);
    const reservation = valueOf(reserve(ledger, 5000));
    ledger.closeEpochs(DEAL_ID, EPOCH);
    reservation.commit();
    expect(ledger.meterOf(DEAL_ID)).to.include({ servedBytes: 5000, unreceiptedBytes: 0, lostBytes: 5000 });
  });
});

describe('DeliveryLedger: after a restart', () => {
  it('goes on from the journal and takes one receipt for what it cannot remember having served', () => {
    const ledger = newLedger();
    ledger.restore([{ grantHash: hashOf(1), grant: grantOf(), receiptedBytes: 10_000 }]);
    expect(ledger.meterOf(DEAL_ID)).to.include({
      receiptedBytes: 10_000,
      durableBytes: 10_000,
      atRiskBytes: 0,
    });
    expect(valueOf(receipt(ledger, 10_000 + 60_000)).advancedBytes).to.equal(60_000);
    const rest = MAX_SERVED_BLOCK_BYTES - 60_000;
    expect(errorOf(receipt(ledger, 70_000 + rest + 1)).code).to.equal('RECEIPT_BEYOND_SERVED');
    expect(valueOf(receipt(ledger, 70_000 + rest)).advancedBytes).to.equal(rest);
    expect(ledger.meterOf(DEAL_ID)).to.include({ servedBytes: 70_000 + rest, unreceiptedBytes: 0 });
  });

  it('counts restored receipts against the allocation until the chain has settled their epoch', () => {
    const ledger = newLedger();
    const poor = { ...allocation, balanceWei: 1500n };
    ledger.restore([{ grantHash: hashOf(1), grant: grantOf(), receiptedBytes: 1000 }]);
    expect(errorOf(reserve(ledger, 501, { allocation: poor })).code).to.equal('ALLOCATION_EXHAUSTED');
    expect(reserve(ledger, 500, { allocation: poor }).ok).to.equal(true);
  });
});
