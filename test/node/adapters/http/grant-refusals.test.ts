import { expect } from 'chai';
import { request } from 'undici';

import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import type { Grant } from '../../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { encodeSignedReceipts } from '../../../../sdk/protocol/receipt.ts';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import { contentOf, patternBytes } from '../content-fixture.ts';
import {
  addressOf,
  DEAL_ID,
  EPOCH,
  GatewayFixture,
  grantHeader,
  hashOfGrant,
  keys,
  NODE,
  receiptHeader,
  signedReceipt,
} from './gateway-fixture.ts';
import { jsonOf, refusalOf } from './json-reply.ts';

describe('Gateway: grants and receipts that are refused', () => {
  let fixture: GatewayFixture;
  let url: string;
  let blockBytes: number;
  let grantNumber = 0n;

  before(async () => {
    fixture = await GatewayFixture.start();
    const [block] = fixture.content.leaves;
    url = `${fixture.origin}/ipfs/${block?.cid.toString() ?? ''}?format=raw`;
    blockBytes = block?.bytes.length ?? 0;
  });

  after(async () => {
    await fixture.stop();
  });

  /** A grant of its own for each test: they differ in their caps. */
  const freshGrant = (changes: Partial<Grant> = {}): Grant =>
    fixture.grant({ capBytes: 50_000_000n + grantNumber++, ...changes });

  const refusedGrant = (grant: Grant, key = keys.grant) =>
    refusalOf(url, { headers: { 'bcdn-grant': grantHeader(grant, key) } });

  async function fetchBlock(grant: Grant, headers: Record<string, string> = {}): Promise<number> {
    const { statusCode, body } = await request(url, {
      headers: { 'bcdn-grant': grantHeader(grant), ...headers },
    });
    await body.dump();
    return statusCode;
  }

  it('for another node', async () => {
    const node = parseAddress(`0x${'22'.repeat(20)}`);
    expect(await refusedGrant(freshGrant({ node }))).to.deep.equal({
      status: 403,
      code: 'GRANT_WRONG_NODE',
      values: { expected: NODE, actual: node },
    });
  });

  it('expired, or of an epoch to come', async () => {
    expect(await refusedGrant(freshGrant({ epoch: parseEpoch(EPOCH - 1) }))).to.deep.equal({
      status: 403,
      code: 'GRANT_EXPIRED',
      values: { epoch: EPOCH - 1, currentEpoch: EPOCH },
    });
    expect(await refusedGrant(freshGrant({ epoch: parseEpoch(EPOCH + 1) }))).to.deep.equal({
      status: 403,
      code: 'GRANT_NOT_YET_VALID',
      values: { epoch: EPOCH + 1, currentEpoch: EPOCH },
    });
  });

  it('over its cap', async () => {
    expect(await refusedGrant(freshGrant({ capBytes: 1000n }))).to.deep.equal({
      status: 403,
      code: 'GRANT_OVER_CAP',
      values: { capBytes: '1000', usedBytes: 0, requestedBytes: blockBytes },
    });
  });

  it('by another key, or changed after it was signed', async () => {
    expect(await refusedGrant(freshGrant(), keys.stranger)).to.deep.equal({
      status: 403,
      code: 'GRANT_BAD_SIGNATURE',
      values: { expected: addressOf(keys.grant), actual: addressOf(keys.stranger) },
    });
    const bytes = Buffer.from(grantHeader(freshGrant()), 'base64url');
    bytes[84] = (bytes[84] ?? 0) ^ 1;
    const changed = await refusalOf(url, { headers: { 'bcdn-grant': bytes.toString('base64url') } });
    expect(changed).to.include({ status: 403, code: 'GRANT_BAD_SIGNATURE' });
    bytes.fill(0xff, bytes.length - 64);
    const broken = await refusalOf(url, { headers: { 'bcdn-grant': bytes.toString('base64url') } });
    expect(broken).to.deep.equal({ status: 403, code: 'GRANT_BAD_SIGNATURE', values: { dealId: DEAL_ID } });
  });

  it('of a deal that nobody knows, or for another content than its deal', async () => {
    const dealId = parseDealId(`0x${'dd'.repeat(32)}`);
    expect(await refusedGrant(freshGrant({ dealId }))).to.deep.equal({
      status: 403,
      code: 'GRANT_UNKNOWN_DEAL',
      values: { dealId },
    });
    const contentRoot = parseContentRoot(`0x${'ee'.repeat(32)}`);
    expect(await refusedGrant(freshGrant({ contentRoot }))).to.include({
      status: 403,
      code: 'GRANT_WRONG_CONTENT',
    });
  });

  it('for a block of another content that this node also holds', async () => {
    const other = await contentOf([{ content: patternBytes(5000, 42) }]);
    await fixture.importContent(other);
    const foreign = `${fixture.origin}/ipfs/${other.root.toString()}?format=raw`;
    const refusal = await refusalOf(foreign, { headers: { 'bcdn-grant': grantHeader(freshGrant()) } });
    expect(refusal).to.deep.equal({
      status: 403,
      code: 'GRANT_WRONG_CONTENT',
      values: { cid: other.root.toString(), contentRoot: contentRootOf(fixture.content.root) },
    });
  });

  it('not a grant at all', async () => {
    const refusal = await refusalOf(url, { headers: { 'bcdn-grant': 'AAAA' } });
    expect(refusal).to.deep.equal({
      status: 400,
      code: 'GRANT_MALFORMED',
      values: { reason: 'LENGTH_INVALID', expected: 181, actual: 3 },
    });
    const letters = await refusalOf(url, { headers: { 'bcdn-grant': '!!!' } });
    expect(letters).to.include({ status: 400, code: 'GRANT_MALFORMED' });
  });

  it('whose credit is used up, until its receipt comes', async () => {
    const grant = freshGrant();
    expect(await fetchBlock(grant)).to.equal(200);
    expect(await refusedGrant(grant)).to.deep.equal({
      status: 402,
      code: 'CREDIT_EXHAUSTED',
      values: {
        unreceiptedBytes: blockBytes,
        abortedBytes: 0,
        windowBytes: 65536,
        requestedBytes: blockBytes,
      },
    });
    expect(await fetchBlock(grant, { 'bcdn-receipt': receiptHeader(grant, blockBytes) })).to.equal(200);
  });

  it('with a receipt that goes backwards, beyond what was served, above the cap, or is by another key', async () => {
    const grant = freshGrant();
    const bcdnGrant = grantHeader(grant);
    const withReceipt = (receipt: string) =>
      refusalOf(url, { headers: { 'bcdn-grant': bcdnGrant, 'bcdn-receipt': receipt } });
    expect(await fetchBlock(grant)).to.equal(200);
    expect(await withReceipt(receiptHeader(grant, blockBytes + 1))).to.deep.equal({
      status: 403,
      code: 'RECEIPT_BEYOND_SERVED',
      values: { bytesCumulative: String(blockBytes + 1), servedBytes: blockBytes },
    });
    expect(await withReceipt(receiptHeader(grant, grant.capBytes + 1n))).to.include({
      code: 'RECEIPT_OVER_CAP',
    });
    expect(await withReceipt(receiptHeader(grant, blockBytes, keys.stranger))).to.deep.equal({
      status: 403,
      code: 'RECEIPT_BAD_SIGNATURE',
      values: { expected: addressOf(keys.viewer), actual: addressOf(keys.stranger) },
    });
    expect(await fetchBlock(grant, { 'bcdn-receipt': receiptHeader(grant, blockBytes) })).to.equal(200);
    expect(await withReceipt(receiptHeader(grant, blockBytes - 1))).to.deep.equal({
      status: 403,
      code: 'RECEIPT_BACKWARDS',
      values: { bytesCumulative: String(blockBytes - 1), receiptedBytes: blockBytes },
    });
    const state = fixture.ledger.state(hashOfGrant(grant));
    expect(state).to.include({ servedBytes: 2 * blockBytes, receiptedBytes: blockBytes });
  });

  it('with a receipt of another grant, without a grant, or that is no receipt', async () => {
    const [one, two] = [freshGrant(), freshGrant()];
    await fetchBlock(one);
    const headers = { 'bcdn-grant': grantHeader(two), 'bcdn-receipt': receiptHeader(one, 1) };
    expect(await refusalOf(url, { headers })).to.deep.equal({
      status: 403,
      code: 'RECEIPT_WRONG_GRANT',
      values: { expected: hashOfGrant(two), actual: hashOfGrant(one) },
    });
    const alone = await refusalOf(url, { headers: { 'bcdn-receipt': receiptHeader(one, 1) } });
    expect(alone).to.include({ status: 400, code: 'RECEIPT_WITHOUT_GRANT' });
    const malformed = await refusalOf(url, {
      headers: { 'bcdn-grant': grantHeader(two), 'bcdn-receipt': 'AQ' },
    });
    expect(malformed).to.include({ status: 400, code: 'RECEIPT_MALFORMED' });
  });

  it('when the allocation is missing, settled or used up', async () => {
    const { allocation } = fixture;
    if (allocation === undefined) throw new RangeError('the fixture allocates');
    try {
      fixture.allocation = undefined;
      expect(await refusedGrant(freshGrant())).to.include({ status: 403, code: 'ALLOCATION_MISSING' });
      fixture.allocation = { ...allocation, throughEpoch: EPOCH };
      expect(await refusedGrant(freshGrant())).to.include({ status: 403, code: 'EPOCH_CLOSED' });
      fixture.allocation = { ...allocation, balanceWei: 0n };
      const poor = await refusedGrant(freshGrant());
      expect(poor).to.include({ status: 402, code: 'ALLOCATION_EXHAUSTED' });
      expect(poor.values).to.include({ balanceWei: '0', requestedWei: String(blockBytes) });
    } finally {
      fixture.allocation = allocation;
    }
  });

  it('posted receipts: good ones count although another one is bad, and a bad one alone is refused', async () => {
    const grant = freshGrant();
    const unknown = freshGrant();
    await fetchBlock(grant);
    const post = (body: Uint8Array) => ({ method: 'POST' as const, body });
    const both = encodeSignedReceipts([signedReceipt(unknown, 1), signedReceipt(grant, blockBytes)]);
    const { status, body } = await jsonOf(`${fixture.origin}/bcdn/v1/receipts`, post(both));
    expect(status).to.equal(200);
    const reply = body as {
      acknowledged: unknown[];
      refused: { grantHash: string; error: { code: string } }[];
    };
    expect(reply.acknowledged).to.deep.equal([{ grantHash: hashOfGrant(grant), bytes: blockBytes }]);
    expect(reply.refused.map(({ grantHash, error }) => [grantHash, error.code])).to.deep.equal([
      [hashOfGrant(unknown), 'RECEIPT_UNKNOWN_GRANT'],
    ]);
    const alone = encodeSignedReceipts([signedReceipt(unknown, 1)]);
    expect(await refusalOf(`${fixture.origin}/bcdn/v1/receipts`, post(alone))).to.deep.equal({
      status: 403,
      code: 'RECEIPT_UNKNOWN_GRANT',
      values: { grantHash: hashOfGrant(unknown) },
    });
  });

  it('posted bodies that are cut off in the middle of a receipt, or too large', async () => {
    const receipts = `${fixture.origin}/bcdn/v1/receipts`;
    const cut = await refusalOf(receipts, { method: 'POST', body: Buffer.alloc(104) });
    expect(cut).to.deep.equal({
      status: 400,
      code: 'RECEIPT_MALFORMED',
      values: { bytes: 104, receiptBytes: 105, maxReceipts: 1024 },
    });
    const large = await refusalOf(receipts, { method: 'POST', body: Buffer.alloc(105 * 1024 + 1) });
    expect(large).to.deep.equal({
      status: 413,
      code: 'BODY_TOO_LARGE',
      values: { bytes: 105 * 1024 + 1, maxBytes: 105 * 1024 },
    });
  });
});

describe('Gateway: when it cannot earn', () => {
  const journalFailed = new StorageError('JOURNAL_FAILED', 'Receipts cannot be written.', {
    remedy: 'Free space.',
  });

  it('gives nothing on credit while the journal fails, goes on serving for free, and is not ready', async () => {
    const fixture = await GatewayFixture.start({
      desk: {
        journal: {
          appendGrant: async () => undefined,
          appendReceipt: async () => undefined,
          refusal: journalFailed,
        },
      },
    });
    try {
      const url = `${fixture.origin}/ipfs/${fixture.content.root.toString()}?format=raw`;
      const refusal = await refusalOf(url, { headers: { 'bcdn-grant': grantHeader(fixture.grant()) } });
      expect(refusal).to.deep.equal({ status: 503, code: 'JOURNAL_FAILED', values: {} });
      const free = await request(url);
      expect(free.statusCode).to.equal(200);
      await free.body.dump();
      expect(await jsonOf(`${fixture.origin}/readyz`)).to.deep.include({
        status: 503,
        body: { ready: false, reasons: ['Receipts cannot be written. Free space.'] },
      });
      expect(await jsonOf(`${fixture.origin}/livez`)).to.include({ status: 200 });
    } finally {
      await fixture.stop();
    }
  });

  it('says so when neither cache nor chain knows the deal, and goes on when the chain is back', async () => {
    let away = true;
    const fixture = await GatewayFixture.start({
      desk: {
        deals: {
          deal: async () => (away ? Promise.reject(new RangeError('connection refused')) : fixture.deal),
          allocation: async () => fixture.allocation,
        },
      },
    });
    try {
      const [leaf] = fixture.content.leaves;
      const url = `${fixture.origin}/ipfs/${leaf?.cid.toString() ?? ''}?format=raw`;
      const headers = { 'bcdn-grant': grantHeader(fixture.grant()) };
      expect(await refusalOf(url, { headers })).to.deep.equal({
        status: 503,
        code: 'CHAIN_UNAVAILABLE',
        values: { dealId: DEAL_ID },
      });
      away = false;
      const back = await request(url, { headers });
      expect(back.statusCode).to.equal(200);
      await back.body.dump();
    } finally {
      await fixture.stop();
    }
  });
});
