import { expect } from 'chai';
import fc from 'fast-check';
import { id, Transaction, Wallet } from 'ethers';

import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { TroubledChain, type Trouble } from './troubled-chain.ts';

const contract = parseAddress(`0x${'c0'.repeat(20)}`);
const deployment = {
  chainId: 31_337n,
  token: contract,
  registry: contract,
  market: contract,
  deployedAtBlock: 0,
};
/** Blocks that a reorganisation takes out at most, and one more for certainty. */
const CONFIRMATIONS = 4;
const POLL_MS = 10;
const STUCK_MS = 50;

describe('TransactionSender on any chain', function () {
  this.timeout(60_000);
  const wallet = new Wallet(id('sender'));
  const small = (max: number) => fc.integer({ min: 1, max });
  const kinds = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('mine' as const), blocks: small(3) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('reorganise' as const), depth: small(CONFIRMATIONS - 1) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('price' as const), gwei: fc.bigInt(1n, 9n) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose requests' as const), count: small(4) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose answers' as const), count: small(4) }) },
  );

  /** Sends calls at once through a chain with these troubles, one at each pause, and then a calm one. */
  async function run(calls: number, troubles: readonly Trouble[]): Promise<TroubledChain> {
    const chain = new TroubledChain();
    let nowMs = 0;
    let next = 0;
    const clock = {
      nowMs: () => nowMs,
      sleep: async (durationMs: number) => {
        nowMs += durationMs;
        // Nothing is sent while the connection is away: that is the caller's to try again.
        const trouble = troubles[next++] ?? ({ kind: 'mine', blocks: 1 } as const);
        chain.befall(trouble);
        await Promise.resolve();
      },
    };
    const sender = new TransactionSender(
      { provider: chain, wallet, deployment, clock },
      { pollIntervalMs: POLL_MS, stuckAfterMs: STUCK_MS, confirmations: CONFIRMATIONS },
    );
    const sent = Array.from({ length: calls }, (_, call) =>
      sender.send({ to: contract, data: dataOf(call) }),
    );
    const mined = await Promise.all(sent);
    expect(new Set(mined.map(({ hash }) => hash)).size).to.equal(calls);
    chain.destroy();
    return chain;
  }
  const dataOf = (call: number): string => `0xca11${call.toString(16).padStart(4, '0')}`;

  it('executes every call exactly once, whatever is forgotten, reorganised or dear', async () => {
    const trouble = fc.array(kinds, { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(small(3), trouble, async (calls, troubles) => {
        const connected = troubles.filter(({ kind }) => !kind.startsWith('lose'));
        const chain = await run(calls, connected);
        const executed = chain.mined.map(({ data }) => data).filter((data) => data !== '0x');
        expect(executed.sort()).to.deep.equal(
          Array.from({ length: calls }, (_, call) => dataOf(call)).sort(),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('executes a call exactly once, whatever is lost on the way, too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(kinds, { maxLength: 40 }), async (troubles) => {
        const chain = await run(1, troubles);
        expect(chain.mined.map(({ data }) => data).filter((data) => data !== '0x')).to.deep.equal([
          dataOf(0),
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it("executes it once beside the operator's own transactions", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2), small(3), async (nonce, blocks) => {
        const own = Transaction.from(
          await wallet.signTransaction({
            to: wallet.address,
            nonce,
            gasLimit: 21_000n,
            chainId: 31_337n,
            type: 2,
            maxFeePerGas: 10n ** 12n,
            maxPriorityFeePerGas: 10n ** 12n,
          }),
        );
        const chain = await run(2, [
          { kind: 'foreign', transaction: own },
          { kind: 'mine', blocks },
        ]);
        const executed = chain.mined.map(({ data }) => data).filter((data) => data !== '0x');
        expect(executed.sort()).to.deep.equal([dataOf(0), dataOf(1)]);
        if (nonce < 2) expect(chain.mined).to.have.length(3);
      }),
      { numRuns: 30 },
    );
  });
});
