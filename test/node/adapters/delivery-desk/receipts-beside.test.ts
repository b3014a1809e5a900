import { expect } from 'chai';

import type { SignersBeside } from '../../../../node/adapters/delivery-desk/receipt-signers.ts';
import { concatBytes } from '../../../../sdk/protocol/bytes.ts';
import type { SignedReceipt } from '../../../../sdk/protocol/receipt.ts';
import { receiptDigest } from '../../../../sdk/protocol/receipt.ts';
import { signerOf } from '../../../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import { DEAL_ID, DOMAIN, keys } from '../http/gateway-fixture.ts';
import { DeskFixture, grantBytes, grantOf, receiptBytes, refusal } from './desk-fixture.ts';

type Answer = Awaited<ReturnType<SignersBeside['signerOf']>>;

/** A thread that answers when the test says so. */
class HeldSigners implements SignersBeside {
  ready = true;
  readonly asked: SignedReceipt[] = [];
  readonly #answers: ((answer: Answer) => void)[] = [];

  get waiting(): number {
    return this.#answers.length;
  }

  start(): void {
    this.ready = true;
  }

  signerOf(signed: SignedReceipt): Promise<Answer> {
    this.asked.push(signed);
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  /** Answers the oldest question. @param answer @default the truth */
  async answer(answer?: Answer): Promise<void> {
    const signed = this.asked.at(-this.#answers.length);
    if (signed === undefined) throw new RangeError('nothing was asked');
    const { receipt, signature } = signed;
    const truth = signerOf(nativeSecp256k1, receiptDigest(DOMAIN, receipt), signature) ?? 'nobody';
    this.#answers.shift()?.(answer ?? truth);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('Receipts that are checked beside', () => {
  const grant = grantOf();
  const other = grantOf({ capBytes: 50_000_000n });
  const KIB_64 = 65_536;

  async function servingDesk() {
    const beside = new HeldSigners();
    const fixture = new DeskFixture({}, beside);
    const { desk } = fixture.local;
    const open = await desk.admit({ grant: grantBytes(grant) });
    (await desk.reserve(open, KIB_64)).settle({ sentBytes: KIB_64, complete: true });
    const serve = async () => desk.reserve(await desk.admit({ grant: grantBytes(other) }), 1000);
    return { beside, fixture, desk, open, serve };
  }

  it('are checked here while nothing else is being sent', async () => {
    const { beside, desk, fixture } = await servingDesk();
    const { standing } = await desk.admit({ grant: grantBytes(grant), receipt: receiptBytes(grant, KIB_64) });
    expect(standing.windowBytes).to.equal(1.5 * KIB_64);
    expect(beside.asked).to.have.length(0);
    expect(fixture.recovered).to.equal(2);
  });

  it('open no window, are not credited and not journaled before their signer is known', async () => {
    const { beside, desk, fixture, open, serve } = await servingDesk();
    await serve();
    const admitted = desk.admit({ grant: grantBytes(grant), receipt: receiptBytes(grant, KIB_64) });
    await new Promise((resolve) => setImmediate(resolve));
    expect(beside.waiting).to.equal(1);
    expect(fixture.ledger.meterOf(DEAL_ID)).to.include({ receiptedBytes: 0 });
    expect(fixture.journaled).to.have.length(0);
    expect(await refusal(desk.reserve(open, 1))).to.deep.include({ code: 'CREDIT_EXHAUSTED' });
    await beside.answer();
    expect((await admitted).standing.windowBytes).to.equal(1.5 * KIB_64);
    expect(fixture.ledger.meterOf(DEAL_ID)).to.include({ receiptedBytes: KIB_64 });
    expect(fixture.journaled).to.have.length(1);
    await desk.reserve(open, 1);
  });

  it('are asked for once when several requests carry the same one', async () => {
    const { beside, desk, serve } = await servingDesk();
    await serve();
    const presented = { grant: grantBytes(grant), receipt: receiptBytes(grant, KIB_64) };
    const admitted = [desk.admit(presented), desk.admit(presented)];
    await beside.answer();
    for (const { standing } of await Promise.all(admitted)) {
      expect(standing.windowBytes).to.equal(1.5 * KIB_64);
    }
    expect(beside.asked).to.have.length(1);
  });

  it('do not overtake each other when the desk falls idle', async () => {
    const { beside, desk, serve } = await servingDesk();
    const leave = await serve();
    const smaller = desk.admit({ grant: grantBytes(grant), receipt: receiptBytes(grant, 1000) });
    leave.settle({ sentBytes: 1000, complete: true });
    const larger = desk.admit({ grant: grantBytes(grant), receipt: receiptBytes(grant, 2000) });
    expect(beside.waiting).to.equal(2);
    await beside.answer();
    await beside.answer();
    expect((await smaller).standing.windowBytes).to.equal(1.5 * KIB_64);
    expect((await larger).standing.windowBytes).to.equal(2.25 * KIB_64);
  });

  it('are refused as ever when nobody can have signed them, and by a stranger', async () => {
    const { beside, desk, fixture, serve } = await servingDesk();
    await serve();
    const bad = refusal(desk.admit({ grant: grantBytes(grant), receipt: receiptBytes(grant, 1000) }));
    await beside.answer('nobody');
    expect(await bad).to.deep.include({ code: 'RECEIPT_BAD_SIGNATURE' });
    const receipt = receiptBytes(grant, 1000, keys.stranger);
    const strange = refusal(desk.admit({ grant: grantBytes(grant), receipt }));
    await beside.answer();
    expect(await strange).to.deep.include({ code: 'RECEIPT_BAD_SIGNATURE' });
    expect(fixture.counted.filter((outcome) => outcome === 'refused')).to.have.length(2);
    const good = desk.admit({ grant: grantBytes(grant), receipt: receiptBytes(grant, 1000) });
    await beside.answer();
    expect((await good).standing.windowBytes).to.equal(1.5 * KIB_64);
  });

  it('are checked here when the thread ends, and final ones as well', async () => {
    const { beside, desk, fixture, serve } = await servingDesk();
    await serve();
    const final = desk.takeReceipts(
      concatBytes(receiptBytes(grant, 1000), receiptBytes(other, 1000, keys.stranger)),
    );
    expect(beside.waiting).to.equal(2);
    await beside.answer('ended');
    await beside.answer('ended');
    await fixture.written();
    const [good, bad] = await final;
    expect(good).to.have.property('durableBytes', 1000);
    expect(bad).to.have.nested.property('error.code', 'RECEIPT_BAD_SIGNATURE');
  });
});
