import { expect } from 'chai';

import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseGrantHash } from '../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type SignedReceipt } from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { SignerThread } from '../../../sdk/signing/signer-thread.ts';

const DOMAIN: Domain = { chainId: 31_337n, verifyingContract: parseAddress(`0x${'5a'.repeat(20)}`) };
const GRANT = parseGrantHash(`0x${'61'.repeat(32)}`);

function keyOf(byte: number): Uint8Array {
  return hexToBytes(`0x${byte.toString(16).padStart(2, '0').repeat(32)}`);
}

function receiptBy(key: Uint8Array, bytes: bigint): SignedReceipt {
  const receipt = { grantHash: GRANT, bytesCumulative: bytes };
  return { receipt, signature: nativeSecp256k1.sign(receiptDigest(DOMAIN, receipt), key) };
}

async function untilReady(thread: SignerThread): Promise<void> {
  thread.start();
  while (!thread.ready) await new Promise((resolve) => setImmediate(resolve));
}

describe('SignerThread', () => {
  let thread: SignerThread;

  beforeEach(() => {
    thread = new SignerThread(DOMAIN);
  });

  afterEach(() => thread.stop());

  it('finds each signer as the serving thread would, in the order of the questions', async () => {
    await untilReady(thread);
    const keys = [1, 2, 3, 4, 5, 6].map(keyOf);
    const order: number[] = [];
    const signers = await Promise.all(
      keys.map(async (key, index) => {
        const signer = await thread.signerOf(receiptBy(key, BigInt(index) * (1n << 40n)));
        order.push(index);
        return signer;
      }),
    );
    expect(signers).to.deep.equal(keys.map((key) => nativeSecp256k1.addressOf(key)));
    expect(order).to.deep.equal([0, 1, 2, 3, 4, 5]);
    expect(thread.waiting).to.equal(0);
  });

  it('takes another parity for another signer, and high s for nobody', async () => {
    await untilReady(thread);
    const good = receiptBy(keyOf(7), 1n);
    const flipped = Uint8Array.from(good.signature, (byte, i) => (i === 32 ? byte ^ 0x80 : byte));
    const high = Uint8Array.from(good.signature, (byte, i) => (i < 32 ? byte : i === 32 ? 0x7f : 0xff));
    expect(await thread.signerOf({ ...good, signature: flipped })).to.not.equal(
      nativeSecp256k1.addressOf(keyOf(7)),
    );
    expect(await thread.signerOf({ ...good, signature: high })).to.equal('nobody');
    expect(await thread.signerOf(good)).to.equal(nativeSecp256k1.addressOf(keyOf(7)));
  });

  it('leaves no question without an answer when it ends', async () => {
    expect(await thread.signerOf(receiptBy(keyOf(1), 1n))).to.equal('ended');
    await untilReady(thread);
    const asked = [1n, 2n, 3n].map((bytes) => thread.signerOf(receiptBy(keyOf(1), bytes)));
    expect(thread.waiting).to.equal(3);
    await thread.stop();
    for (const signer of await Promise.all(asked)) {
      expect(signer).to.be.oneOf(['ended', nativeSecp256k1.addressOf(keyOf(1))]);
    }
    expect(await thread.signerOf(receiptBy(keyOf(1), 4n))).to.equal('ended');
    thread.start();
    expect(thread.ready).to.equal(false);
  });
});
