import { expect } from 'chai';
import { readFile, truncate, writeFile } from 'node:fs/promises';

import { readDealEvents, requireBlockOf } from '../../../sdk/audit/chain-events.ts';
import { downloadBooks } from '../../../sdk/audit/download.ts';
import { claimDirect, redeemVouchers } from '../../../sdk/chain/payments.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { grantDigest, type Grant } from '../../../sdk/protocol/grant.ts';
import { parseEpoch, type DealId } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { decodeSignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { encodePairs, type SettlementAnswer } from '../../marketplace/coordinator/deal-room.ts';
import { AuditedMarket } from './audited-market.ts';

const MIB = 2n ** 20n;

describe('audit of a deal, with a real chain and a real marketplace', () => {
  let audited: AuditedMarket;
  let dealId: DealId;
  let epoch: number;
  /** Receipts of the first epoch, of the near node. */
  let held: { pair: ReceiptWithGrant; key: Uint8Array }[];
  let file: string;

  before(async function () {
    this.timeout(60_000);
    audited = await AuditedMarket.open();
    const { market, room, api, near, far } = audited;
    const amounts = new Map([
      [near, 64n * MIB],
      [far, 64n * MIB],
    ]);
    ({ dealId } = await room.openFundedDeal(amounts));
    held = [];
    for (const bytes of [1_000_001n, 2_000_003n, 70_000n]) {
      const viewed = await audited.view(dealId, near, bytes);
      epoch = viewed.epoch;
      held.push(viewed);
    }
    const silent = await audited.view(dealId, far, 500_009n);
    await market.endEpoch();
    await room.levelWithChain();
    const pairs = held.map(({ pair }) => pair);
    const settled = await api.ok<SettlementAnswer>(room.settle(dealId, near, { throughEpoch: epoch, pairs }));
    const voucher = decodeSignedVoucher(base64UrlDecode(settled.voucher ?? ''));
    await redeemVouchers(near, [voucher], near.address);
    const toEpoch = parseEpoch(epoch);
    await claimDirect(far, { dealId, toEpoch, receipts: [silent.pair], to: far.address });
    // The far node hands its receipt in afterwards, and the near one is owed for one more epoch.
    await room.levelWithChain();
    await api.ok(room.settle(dealId, far, { throughEpoch: epoch, pairs: [silent.pair] }));
    const later = await audited.view(dealId, near, 40_000n);
    await market.endEpoch();
    await room.levelWithChain();
    await api.ok(room.settle(dealId, near, { throughEpoch: later.epoch, pairs: [later.pair] }));
    const running = await audited.view(dealId, near, 9_000n);
    await api.ok(room.settle(dealId, near, { throughEpoch: later.epoch, pairs: [] }));
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([running.pair]) }));
    ({ file } = await audited.download(dealId));
  });

  after(() => audited.close());

  it('agrees to the last unit, and says what is paid, billed and yet to come', async () => {
    const report = await audited.audit(file);
    expect(report).to.deep.include({ agrees: true, billedWei: 3_610_013n, recomputedWei: 3_610_013n });
    expect(report.receipts).to.deep.equal({
      ...{ total: 6, stated: 6, counted: 5 },
      rejected: { EPOCH_SETTLED_BY_CLAIM: 1 },
    });
    const near = report.nodes.find(({ node }) => node === audited.near.address);
    expect(near).to.deep.include({
      ...{ paidWei: 3_070_004n, billedWei: 3_110_004n, recomputedWei: 3_110_004n, notYetBilledWei: 0n },
      ...{ laterBytes: 9_000n, receiptBytes: 3_119_004n, billedBytes: 3_110_004n, differences: [] },
    });
    expect(
      near?.payments.map(({ route, paidWei, justifiedWei }) => ({ route, paidWei, justifiedWei })),
    ).to.deep.equal([{ route: 'voucher', paidWei: 3_070_004n, justifiedWei: 3_070_004n }]);
    const far = report.nodes.find(({ node }) => node === audited.far.address);
    expect(far).to.deep.include({
      paidWei: 500_009n,
      billedWei: 500_009n,
      recomputedWei: 500_009n,
      differences: [],
    });
    expect(report.rejected.map(({ code, values, node }) => ({ code, values, node }))).to.deep.equal([
      {
        code: 'EPOCH_SETTLED_BY_CLAIM',
        values: { route: 'direct-claim', outcome: 'paid', afterEpoch: -1, toEpoch: epoch },
        node: audited.far.address,
      },
    ]);
    expect(report).to.deep.include({ peers: undefined, notAuditedEvents: [] });
  });

  it('says the same when it reads the events from the chain, and notices when the file tells others', async () => {
    const { provider } = audited.market;
    const trustedEvents = async (
      header: Parameters<typeof requireBlockOf>[1],
      first: { blockNumber: number },
    ) => {
      await requireBlockOf(provider, header);
      const range = {
        market: header.market,
        throughBlock: header.block.number,
        fromBlock: first.blockNumber,
      };
      return readDealEvents(provider, { dealId, ...range });
    };
    const offline = await audited.audit(file);
    const online = await audited.audit(file, { trustedEvents });
    expect(online).to.deep.equal({ ...offline, source: 'chain' });
    const trusted = await audited.download(dealId, { trustedEvents });
    const events = (path: string) => readFile(path, 'utf8').then((text) => text.split('\n')[1]);
    expect(await events(trusted.file)).to.equal(await events(file));
    const forged = await audited.auditChanged(file, (lines) =>
      lines.map((line) =>
        line.kind !== 'events'
          ? line
          : {
              ...line,
              events: line.events.map((event) =>
                event.name === 'DirectClaimed'
                  ? { ...event, arguments: { ...event.arguments, bytesTotal: '600000' } }
                  : event,
              ),
            },
      ),
    );
    expect(forged.agrees).to.equal(false);
    expect(forged.nodes.flatMap(({ differences }) => differences.map(({ code }) => code))).to.include(
      'PAYMENT_NOT_BY_RULE',
    );
  });

  it('goes on where a download was interrupted, at any byte', async () => {
    const whole = await readFile(file);
    // The chain makes a block each second: a download that began anew is about a later one.
    const expected = { ...(await audited.audit(file)), block: undefined };
    const resumed = audited.newFile();
    for (const kept of [0, 100, 700, whole.length - 900, whole.length - 60, whole.length - 1]) {
      await writeFile(resumed, whole);
      await truncate(resumed, kept);
      await downloadBooks(audited.books(dealId), resumed);
      const report = { ...(await audited.audit(resumed)), block: undefined };
      expect(report, `from byte ${kept}`).to.deep.equal(expected);
    }
    const failure: unknown = await downloadBooks(audited.books(dealId), resumed).catch(
      (error: unknown) => error,
    );
    expect(failure).to.deep.include({ code: 'AUDIT_FILE_OTHER' });
  });

  it('gives the books to nobody but the publisher', async () => {
    const failure: unknown = await audited
      .books(dealId, 5)
      .receipts(undefined)
      .catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'MARKETPLACE_REFUSED');
    expect(failure).to.have.nested.property('values.refusal', 'BOOKS_SIGNATURE_INVALID');
    const stale = await audited.api.call('POST', `/v1/deals/${dealId}/books/receipts`, {
      route: '/v1/deals/{dealId}/books/receipts',
      body: { expiresAt: 1, signature: 'AA' },
    });
    expect(stale.status).to.equal(401);
    expect(stale.body).to.have.nested.property('error.code', 'BOOKS_REQUEST_EXPIRED');
  });

  describe('of a file in which one receipt was changed', () => {
    const WHOLE = 3_610_013n;
    /** The receipt of the given bytes in the file. */
    const isOf = (bytes: bigint) => (pair: ReceiptWithGrant) =>
      pair.signedReceipt.receipt.bytesCumulative === bytes;

    /** Replaces the receipt of 2,000,003 bytes, and returns what the audit says of it. */
    async function replaced(by: (pair: ReceiptWithGrant) => ReceiptWithGrant[]) {
      const report = await audited.auditReceipts(file, (pairs) =>
        pairs.flatMap((pair) => (isOf(2_000_003n)(pair) ? by(pair) : [pair])),
      );
      const named = report.rejected.filter(({ code }) => code !== 'EPOCH_SETTLED_BY_CLAIM');
      return { report, named };
    }

    const withGrant = (
      pair: ReceiptWithGrant,
      change: Partial<Grant>,
      key?: Uint8Array,
    ): ReceiptWithGrant => {
      const grant = { ...pair.signedGrant.grant, ...change };
      const digest = grantDigest(audited.market.domain, grant);
      const signature = key === undefined ? pair.signedGrant.signature : secp256k1.sign(digest, key);
      const viewer = held[1]?.key ?? new Uint8Array();
      return audited.room.signReceipt({ grant, signature }, viewer, 2_000_003n);
    };
    const STRANGER = new Uint8Array(32).fill(0x77);

    const cases: readonly [
      name: string,
      change: (pair: ReceiptWithGrant) => ReceiptWithGrant,
      code: string,
    ][] = [
      ['counts one byte more', (pair) => changedBytes(pair, 2_000_004n), 'RECEIPT_SIGNER_WRONG'],
      [
        'is above its cap',
        (pair) => audited.room.signReceipt(pair.signedGrant, held[1]?.key ?? STRANGER, 10n ** 12n),
        'OVER_CAP',
      ],
      [
        'is signed by another key',
        (pair) => audited.room.signReceipt(pair.signedGrant, STRANGER, 2_000_003n),
        'RECEIPT_SIGNER_WRONG',
      ],
      [
        'is of another epoch',
        (pair) => withGrant(pair, { epoch: parseEpoch(epoch - 1) }),
        'GRANT_KEY_UNKNOWN',
      ],
      ['is of another node', (pair) => withGrant(pair, { node: audited.far.address }), 'GRANT_KEY_UNKNOWN'],
      [
        'is of a node without allocation',
        (pair) => withGrant(pair, { node: secp256k1.addressOf(STRANGER) }),
        'NODE_NOT_ALLOCATED',
      ],
      [
        'is of another deal',
        (pair) => withGrant(pair, { dealId: `0x${'ee'.repeat(32)}` as DealId }),
        'OTHER_DEAL',
      ],
      ['has a grant by another key', (pair) => withGrant(pair, {}, STRANGER), 'GRANT_KEY_UNKNOWN'],
      [
        'carries the receipt of another grant',
        (pair) => ({ ...pair, signedReceipt: held[0]?.pair.signedReceipt ?? pair.signedReceipt }),
        'RECEIPT_OTHER_GRANT',
      ],
    ];
    for (const [name, change, code] of cases) {
      it(`tells a receipt that ${name}: ${code}`, async () => {
        const { report, named } = await replaced((pair) => [change(pair)]);
        expect(named.map((rejected) => rejected.code)).to.deep.equal([code]);
        expect(report.agrees).to.equal(false);
        expect(report.recomputedWei).to.equal(WHOLE - 2_000_003n);
        const codes = report.nodes.flatMap(({ differences }) =>
          differences.map((difference) => difference.code),
        );
        expect(codes).to.deep.equal(['PAYMENT_ABOVE_RECEIPTS', 'VOUCHER_ABOVE_RECEIPTS']);
        expect(report.nodes.flatMap(({ differences }) => differences)[1]?.values).to.include({
          excessWei: 2_000_003n,
        });
      });
    }

    it('counts a receipt once that is there twice, and names the other', async () => {
      const { report, named } = await replaced((pair) => [pair, pair]);
      expect(named.map(({ code }) => code)).to.deep.equal(['SUPERSEDED_BY_BETTER']);
      expect(report).to.deep.include({ agrees: true, recomputedWei: WHOLE });
    });

    it('counts the better of two receipts of a grant, whichever comes first', async () => {
      const lesser = (pair: ReceiptWithGrant): ReceiptWithGrant =>
        audited.room.signReceipt(pair.signedGrant, held[1]?.key ?? STRANGER, 5n);
      for (const order of [
        (pair: ReceiptWithGrant) => [lesser(pair), pair],
        (pair: ReceiptWithGrant) => [pair, lesser(pair)],
      ]) {
        const { report, named } = await replaced(order);
        expect(named.map(({ code, bytes }) => ({ code, bytes }))).to.deep.equal([
          { code: 'SUPERSEDED_BY_BETTER', bytes: 5n },
        ]);
        expect(report).to.deep.include({ agrees: true, recomputedWei: WHOLE });
      }
    });

    it('misses a receipt that was taken out', async () => {
      const { report } = await replaced(() => []);
      expect(report.agrees).to.equal(false);
      expect(report.receipts).to.include({ total: 5, stated: 6 });
    });
  });
});

function changedBytes(pair: ReceiptWithGrant, bytesCumulative: bigint): ReceiptWithGrant {
  const { receipt, signature } = pair.signedReceipt;
  return { ...pair, signedReceipt: { receipt: { ...receipt, bytesCumulative }, signature } };
}
