import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pino from 'pino';
import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import { CoordinatorClient } from '../../../../node/app/settlement/coordinator-client.ts';
import {
  collectVoucher,
  type VoucherCollectionParts,
} from '../../../../node/app/settlement/voucher-collection.ts';
import { base64UrlDecode, base64UrlEncode } from '../../../../sdk/protocol/bytes.ts';
import { grantDigest, grantHashOf } from '../../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { settlementRequestDigest } from '../../../../sdk/protocol/authorisation.ts';
import {
  decodeReceiptsWithGrants,
  encodeReceiptsWithGrants,
  receiptDigest,
  type ReceiptWithGrant,
} from '../../../../sdk/protocol/receipt.ts';
import { encodeSignedVoucher } from '../../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';

const domain = { chainId: 31337n, verifyingContract: parseAddress(`0x${'33'.repeat(20)}`) };
const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const privateKey = new Uint8Array(32).fill(44);
const node = nativeSecp256k1.addressOf(privateKey);
/** Of the wall. */
const clock = { nowMs: () => 1_800_000_000_000 };
const contentRoot = parseContentRoot(`0x${'22'.repeat(32)}`);
const grantKey = new Uint8Array(32).fill(1);
const THROUGH = parseEpoch(10);
const SETTLED = parseEpoch(8);

function pairOf(viewer: number, epoch: number, bytes: bigint): ReceiptWithGrant {
  const key = new Uint8Array(32).fill(viewer);
  const viewerKey = nativeSecp256k1.addressOf(key);
  const grant = { dealId, node, viewerKey, epoch: parseEpoch(epoch), capBytes: 1_000_000n, contentRoot };
  const receipt = { grantHash: grantHashOf(domain, grant), bytesCumulative: bytes };
  return {
    signedGrant: { grant, signature: nativeSecp256k1.sign(grantDigest(domain, grant), grantKey) },
    signedReceipt: { receipt, signature: nativeSecp256k1.sign(receiptDigest(domain, receipt), key) },
  };
}

const wish = {
  throughEpoch: THROUGH,
  cumulativeWei: 0n,
  own: {
    deal: {
      dealId,
      publisher: parseAddress(`0x${'55'.repeat(20)}`),
      contentRoot,
      contentCodec: 0x55,
      state: 'open' as const,
      grantKey: nativeSecp256k1.addressOf(grantKey),
    },
    allocation: {
      state: 'active' as const,
      balanceWei: 1_000_000n,
      paidWei: 0n,
      ratePerGiB: 1n << 30n,
      throughEpoch: SETTLED,
      thawEndEpoch: undefined,
    },
  },
};

interface Sent {
  readonly receipts: string;
  readonly final: boolean;
  readonly expiresAt: number;
  readonly signature: string;
}

/** A coordinator that hands out what is queued and notes what it is sent; with `forgetful` it hands out the same again. */
class ScriptedCoordinator {
  readonly server: Server;
  readonly sent: { receipts: ReceiptWithGrant[]; final: boolean }[] = [];
  /** Who signed that it asks for itself, and until when. */
  readonly signers = new Set<string>();
  readonly expiries = new Set<number>();
  better: ReceiptWithGrant[] = [];
  forgetful = false;
  perAnswer = Infinity;

  constructor() {
    this.server = createServer((incoming, outgoing) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
        const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Sent;
        outgoing.end(JSON.stringify(this.#answer(body)));
      })();
    });
  }

  #answer({ receipts, final, expiresAt, signature }: Sent): object {
    const pairs = decodeReceiptsWithGrants(base64UrlDecode(receipts));
    const request = settlementRequestDigest(domain, { dealId, node, expiresAt: BigInt(expiresAt) });
    this.signers.add(nativeSecp256k1.recover(request, base64UrlDecode(signature)));
    this.expiries.add(expiresAt);
    this.sent.push({ receipts: pairs, final });
    const known = new Set(pairs.map(({ signedReceipt }) => signedReceipt.receipt.grantHash));
    if (!this.forgetful) {
      this.better = this.better.filter(({ signedReceipt }) => !known.has(signedReceipt.receipt.grantHash));
    }
    const voucher = {
      voucher: { dealId, node, throughEpoch: THROUGH, cumulative: 5_000n },
      signature: new Uint8Array(64).fill(7),
    };
    const better = encodeReceiptsWithGrants(this.better.slice(0, this.perAnswer));
    return {
      voucher: final ? base64UrlEncode(encodeSignedVoucher(voucher)) : null,
      better: base64UrlEncode(better),
    };
  }
}

describe('collecting a voucher', () => {
  let directory: string;
  let journal: ReceiptJournal;
  let coordinator: ScriptedCoordinator;
  let parts: VoucherCollectionParts;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-voucher-'));
    journal = new ReceiptJournal({ path: join(directory, 'receipts.journal'), maxDelayMs: 1 });
    await journal.open();
    coordinator = new ScriptedCoordinator();
    coordinator.server.listen(0, '127.0.0.1');
    await once(coordinator.server, 'listening');
    const { port } = coordinator.server.address() as AddressInfo;
    parts = {
      ...{ journal, domain, node, secp256k1: nativeSecp256k1, log: pino({ level: 'silent' }) },
      coordinator: new CoordinatorClient(
        { domain, secp256k1: nativeSecp256k1, clock, privateKey },
        { marketplaceUrl: `http://127.0.0.1:${port}` },
      ),
      store: { claimedSpans: () => [{ afterEpoch: parseEpoch(1), toEpoch: parseEpoch(3) }] },
    };
  });

  afterEach(async () => {
    coordinator.server.closeAllConnections();
    coordinator.server.close();
    await journal.close();
    await rm(directory, { recursive: true, force: true });
  });

  const collect = (): ReturnType<typeof collectVoucher> =>
    collectVoucher(parts, wish, new AbortController().signal);
  const bytesByEpoch = (): ReadonlyMap<number, bigint> =>
    journal.totals(dealId)?.receiptedByEpoch ?? new Map<number, bigint>();

  it('sends only what is not settled on chain, and keeps late receipts of settled epochs', async () => {
    const [paid, open] = [pairOf(2, 8, 500n), pairOf(3, 9, 700n)];
    for (const pair of [paid, open]) await journal.appendPair(pair);
    const [more, unknown] = [pairOf(2, 8, 900n), pairOf(4, 7, 100n)];
    coordinator.better = [more, unknown];
    const { signed, recoveredBytes } = await collect();
    expect(signed.voucher.cumulative).to.equal(5_000n);
    expect(recoveredBytes).to.equal(500n);
    expect(coordinator.sent).to.deep.equal([
      { receipts: [open], final: true },
      { receipts: [more, unknown], final: true },
    ]);
    expect([...coordinator.signers]).to.deep.equal([node]);
    expect([...coordinator.expiries]).to.deep.equal([clock.nowMs() / 1000 + 300]);
    expect(bytesByEpoch()).to.deep.equal(
      new Map([
        [8, 900n],
        [9, 700n],
        [7, 100n],
      ]),
    );
    expect(await collect(), 'nothing twice').to.include({ recoveredBytes: 0n });
  });

  it('sends what was handed in before again only to a coordinator that has lost it', async () => {
    const [before, since] = [pairOf(2, 9, 500n), pairOf(3, 10, 700n)];
    for (const pair of [before, since]) await journal.appendPair(pair);
    const collectSince = (cumulativeWei: bigint): ReturnType<typeof collectVoucher> =>
      collectVoucher(
        parts,
        { ...wish, cumulativeWei, handedInThrough: parseEpoch(9) },
        new AbortController().signal,
      );
    await collectSince(5_000n);
    expect(coordinator.sent).to.deep.equal([{ receipts: [since], final: true }]);
    const failure: unknown = await collectSince(5_001n).catch((error: unknown) => error);
    expect(failure).to.include({ code: 'VOUCHER_WRONG' });
    expect(coordinator.sent.slice(1).map(({ receipts }) => receipts.length)).to.deep.equal([1, 2]);
  });

  it('asks on until there is nothing better, and stops when the coordinator repeats itself', async () => {
    coordinator.better = [1, 2, 3, 4, 5].map((viewer) => pairOf(10 + viewer, 9, 10n));
    coordinator.perAnswer = 2;
    expect((await collect()).recoveredBytes).to.equal(50n);
    expect(coordinator.sent.map(({ receipts }) => receipts.length)).to.deep.equal([0, 2, 2, 1]);
    coordinator.forgetful = true;
    coordinator.better = [pairOf(20, 9, 10n)];
    coordinator.sent.length = 0;
    expect((await collect()).recoveredBytes).to.equal(10n);
    expect(coordinator.sent).to.have.length(2);
  });

  it('leaves out what was claimed on chain or is not good, and takes the voucher all the same', async () => {
    const forged = { ...pairOf(5, 9, 300n), signedReceipt: pairOf(6, 9, 300n).signedReceipt };
    coordinator.better = [pairOf(4, 3, 100n), forged, pairOf(7, 9, 40n)];
    const { signed, recoveredBytes } = await collect();
    expect([signed.voucher.cumulative, recoveredBytes]).to.deep.equal([5_000n, 40n]);
    expect(bytesByEpoch()).to.deep.equal(new Map([[9, 40n]]));
  });

  it('takes the voucher when the journal has no room for what is better', async () => {
    await journal.close();
    journal = new ReceiptJournal({ path: join(directory, 'small.journal'), maxDelayMs: 1, maxGrants: 1 });
    await journal.open();
    await journal.appendPair(pairOf(2, 9, 500n));
    coordinator.better = [pairOf(3, 9, 10n)];
    const { signed, recoveredBytes } = await collectVoucher(
      { ...parts, journal },
      wish,
      new AbortController().signal,
    );
    expect([signed.voucher.cumulative, recoveredBytes]).to.deep.equal([5_000n, 0n]);
  });
});
