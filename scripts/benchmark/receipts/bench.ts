import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { median } from '../../measuring/percentile.ts';
import { defineBench, type Json } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { callsPerCoreSecond } from './core-time.ts';
import { signedSample, type SignedSample } from './signed-sample.ts';
import { pairsPerSecondInWorkers } from './worker-rate.ts';
import { ethersWork, partsOfVerifying, signReceipt, verifyPair, verifyReceipt, type Work } from './work.ts';

/** PAYMENT.md, numbers: receipts fully verified a second and core. */
const TARGET_PER_SECOND = 10_000;
/** The slow implementations do this part of the calls of a round. */
const SLOW_SHARE = 0.02;

export const receipts = defineBench({
  name: 'receipts',
  summary: 'Receipts verified and signed a second and core, with the parts of it, against ethers.',
  options: {
    rounds: { description: 'rounds; the medians are reported', fallback: 5, min: 1, max: 100 },
    calls: { description: 'receipts of a round', fallback: 6_000, min: 100, max: 1_000_000 },
    workers: { description: 'also verify in this many threads; 0: do not', fallback: 2, min: 0, max: 64 },
  },
  run: async ({ rounds, calls, workers }, { progress, signal }) => {
    const sample = signedSample(nativeSecp256k1, Math.min(calls, 4_096));
    const measures = measuresOf(sample);
    const samples = new Map<string, number[]>();
    for (let round = 1; round <= rounds; round++) {
      signal.throwIfAborted();
      await progress.task(`round ${round} of ${rounds}`, async () => {
        for (const { name, work, slow } of measures) {
          const count = Math.ceil(calls * (slow ? SLOW_SHARE : 1));
          const perSecond = callsPerCoreSecond((i) => {
            const pair = sample.pairs[i % sample.pairs.length];
            if (pair !== undefined) work(pair);
          }, count);
          samples.set(name, [...(samples.get(name) ?? []), perSecond]);
        }
      });
    }
    const of = (name: string): number => median(samples.get(name) ?? []);
    const threads = await threadRates(sample, { workers, rounds, receipts: calls });
    const figures = {
      ...figuresOf(of),
      threads: threads.map(({ count, perSecond }) => ({ count, pairsPerSecond: rounded(perSecond) })),
    };
    return {
      figures: {
        ...figures,
        target: { perSecond: TARGET_PER_SECOND, met: of('verify') >= TARGET_PER_SECOND },
      },
      tables: [
        {
          title: `Receipts (goal: ${TARGET_PER_SECOND} fully verified a second and core)`,
          columns: ['', 'per second and core', 'µs each'],
          rows: measures.map(({ name, says }) => [says, figure(of(name)), figure(1_000_000 / of(name))]),
        },
        {
          title: 'Receipts with grants never seen, verified in threads (time of the wall)',
          columns: ['threads', 'a second in all'],
          rows: threads.map(({ count, perSecond }) => [String(count), figure(perSecond)]),
        },
      ],
    };
  },
});

interface ThreadRate {
  readonly count: number;
  readonly perSecond: number;
}

/** Medians for one thread and for as many as were asked for. */
async function threadRates(
  sample: SignedSample,
  { workers, rounds, receipts }: { workers: number; rounds: number; receipts: number },
): Promise<ThreadRate[]> {
  const counts = [1, workers].filter((count, i) => count > i);
  const rates: ThreadRate[] = [];
  for (const count of workers === 0 ? [] : counts) {
    const measured: number[] = [];
    for (let round = 0; round < rounds; round++)
      measured.push(await pairsPerSecondInWorkers(sample, nativeSecp256k1, { workers: count, receipts }));
    rates.push({ count, perSecond: median(measured) });
  }
  return rates;
}

interface Measure {
  readonly name: string;
  readonly says: string;
  readonly work: Work;
  /** Several milliseconds a call. */
  readonly slow: boolean;
}

function measuresOf(sample: SignedSample): Measure[] {
  const parts = partsOfVerifying(nativeSecp256k1, sample);
  const ethers = ethersWork(sample);
  const fast = (name: string, says: string, work: Work): Measure => ({ name, says, work, slow: false });
  const slow = (name: string, says: string, work: Work): Measure => ({ name, says, work, slow: true });
  return [
    fast('verify', 'verified, grant known before', verifyReceipt(nativeSecp256k1, sample)),
    fast('verifyPair', 'verified with a grant never seen', verifyPair(nativeSecp256k1, sample)),
    fast('sign', 'signed', signReceipt(nativeSecp256k1, sample)),
    fast('decode', '  decode the wire form', parts.decode),
    fast('hash', '  EIP-712 digest', parts.hash),
    fast('recover', '  recover the signer', parts.recover),
    fast('verifyKnownKey', '  (verify with a known key, not used)', parts.verifyKnownKey),
    slow('pureVerify', 'pure JavaScript: verified, grant known before', verifyReceipt(pureSecp256k1, sample)),
    slow('ethersVerify', 'ethers: verified, grant known before', ethers.verifyReceipt),
    slow('ethersVerifyPair', 'ethers: verified with a grant never seen', ethers.verifyPair),
    slow('ethersSign', 'ethers: signed', ethers.sign),
  ];
}

function figuresOf(of: (name: string) => number): Record<string, Json> {
  const microseconds = (name: string): Json => rounded(1_000_000 / of(name));
  return {
    verifyPerSecondPerCore: rounded(of('verify')),
    signPerSecondPerCore: rounded(of('sign')),
    ethersVerifyPerSecond: rounded(of('ethersVerify')),
    ratio: rounded(of('verify') / of('ethersVerify')),
    counted:
      'verify: one receipt under a grant that was verified before (decode, two hashes, one recovery, signer and cap compared), by all implementations; pair: the same with the grant decoded, hashed and recovered too',
    clock: 'processor time of one thread',
    pair: {
      verifyPerSecondPerCore: rounded(of('verifyPair')),
      ethersVerifyPerSecond: rounded(of('ethersVerifyPair')),
      ratio: rounded(of('verifyPair') / of('ethersVerifyPair')),
    },
    ethersSignPerSecond: rounded(of('ethersSign')),
    pureVerifyPerSecondPerCore: rounded(of('pureVerify')),
    breakdownMicroseconds: {
      decode: microseconds('decode'),
      hash: microseconds('hash'),
      recover: microseconds('recover'),
      verifyKnownKey: microseconds('verifyKnownKey'),
    },
  };
}
