import { expect } from 'chai';

import { receipts } from '../../../../scripts/benchmark/receipts/bench.ts';
import { signedSample } from '../../../../scripts/benchmark/receipts/signed-sample.ts';
import { partsOfVerifying, verifyPair, verifyReceipt } from '../../../../scripts/benchmark/receipts/work.ts';
import { Progress } from '../../../../scripts/devnet/progress.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';

describe('bench of receipts', () => {
  it('gives every figure with its ratio to ethers', async () => {
    const progress = new Progress(process.stderr, { quiet: true });
    const report = await receipts.run(
      { rounds: 1, calls: 2_048, workers: 2 },
      { progress, signal: new AbortController().signal },
    );
    const { verifyPerSecondPerCore, signPerSecondPerCore, ethersVerifyPerSecond, ratio } = report.figures;
    for (const value of [verifyPerSecondPerCore, signPerSecondPerCore, ethersVerifyPerSecond, ratio])
      expect(value).to.be.a('number').above(0);
    expect(report.figures['threads']).to.have.length(2);
    expect(report.figures['breakdownMicroseconds']).to.have.all.keys(
      'decode',
      'hash',
      'recover',
      'verifyKnownKey',
    );
  }).timeout(20_000);

  it('does real work: a receipt with one bit changed stops the run', () => {
    const sample = signedSample(nativeSecp256k1, 2);
    const [first, second] = sample.pairs;
    if (first === undefined || second === undefined) throw new TypeError('The sample is empty.');
    const works = [verifyReceipt(nativeSecp256k1, sample), verifyPair(nativeSecp256k1, sample)];
    for (const work of works) {
      work(first);
      expect(() => {
        work({ ...first, receiptBytes: second.receiptBytes });
      })
        .to.throw()
        .with.property('code', 'BENCH_RESULT_WRONG');
    }
    expect(() => {
      partsOfVerifying(nativeSecp256k1, sample).recover({ ...first });
    })
      .to.throw()
      .with.property('code', 'BENCH_RESULT_WRONG');
  });
});
