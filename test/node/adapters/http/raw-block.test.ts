import { expect } from 'chai';
import { request } from 'undici';

import { encodeSignedReceipts } from '../../../../sdk/protocol/receipt.ts';
import { GatewayFixture, grantHeader, hashOfGrant, receiptHeader, signedReceipt } from './gateway-fixture.ts';

describe('Gateway: a raw block for a grant', () => {
  let fixture: GatewayFixture;

  before(async () => {
    fixture = await GatewayFixture.start();
  });

  after(async () => {
    await fixture.stop();
  });

  it('is served, paid by receipts that ride on the next request, and acknowledged when on disk', async () => {
    const grant = fixture.grant();
    const [first, second] = fixture.content.leaves;
    if (first === undefined || second === undefined) throw new RangeError('the content has leaves');
    const bcdnGrant = grantHeader(grant);
    const one = await request(`${fixture.origin}/ipfs/${first.cid.toString()}?format=raw`, {
      headers: { 'bcdn-grant': bcdnGrant },
    });
    expect(one.statusCode).to.equal(200);
    expect(Buffer.from(await one.body.arrayBuffer()).equals(first.bytes)).to.equal(true);
    expect(one.headers['bcdn-served']).to.equal(String(first.bytes.length));
    expect(one.headers['bcdn-credit']).to.equal(String(64 * 1024));
    expect(one.headers['bcdn-acknowledged']).to.equal('0');

    const two = await request(`${fixture.origin}/ipfs/${second.cid.toString()}?format=raw`, {
      headers: { 'bcdn-grant': bcdnGrant, 'bcdn-receipt': receiptHeader(grant, first.bytes.length) },
    });
    expect(two.statusCode).to.equal(200);
    expect(two.headers['bcdn-credit']).to.equal(String(96 * 1024));
    await two.body.dump();

    const total = first.bytes.length + second.bytes.length;
    const last = await request(`${fixture.origin}/bcdn/v1/receipts`, {
      method: 'POST',
      body: encodeSignedReceipts([signedReceipt(grant, total)]),
    });
    expect(last.statusCode).to.equal(200);
    expect(await last.body.json()).to.deep.equal({
      acknowledged: [{ grantHash: hashOfGrant(grant), bytes: total }],
    });
    expect(fixture.journal.receipts({ dealId: grant.dealId, throughEpoch: grant.epoch })).to.have.length(1);
  });
});
