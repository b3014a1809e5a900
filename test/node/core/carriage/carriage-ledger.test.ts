import { expect } from 'chai';
import fc from 'fast-check';

import { CarriageLedger, type CarriedGrant } from '../../../../node/core/carriage/carriage-ledger.ts';
import { parseDealId, parseEpoch, parseGrantHash } from '../../../../sdk/protocol/identifiers.ts';

const grantNo = (n: number): Omit<CarriedGrant, 'writtenBytes'> => ({
  grantHash: parseGrantHash(`0x${n.toString(16).padStart(64, '0')}`),
  dealId: parseDealId(`0x${(n % 3).toString(16).padStart(64, '0')}`),
  epoch: parseEpoch(7 + (n % 2)),
  capBytes: 1_000 + 100 * n,
});

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('send'), fc.nat(4), fc.integer({ min: 1, max: 400 })) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('break off'), fc.nat(4), fc.integer({ min: 1, max: 400 })) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('fall'), fc.nat(4), fc.nat(400)) },
  ),
  { maxLength: 120 },
);

describe('carriage ledger', () => {
  it('never lets more than a cap leave, whatever breaks off and however often the node falls', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 300 }), (moves, stepBytes) => {
        const disk = new Map<string, CarriedGrant>();
        const left = new Map<number, number>();
        let ledger = new CarriageLedger({ stepBytes });
        for (const [kind, n, bytes] of moves) {
          const grant = grantNo(n);
          if (kind === 'fall') {
            // What was under way when it fell had left, perhaps to the last byte.
            const dying = ledger.reserve(grant.grantHash, bytes);
            if (dying.ok) {
              if (dying.write !== undefined) disk.set(grant.grantHash, dying.write);
              left.set(n, (left.get(n) ?? 0) + bytes);
            }
            ledger = new CarriageLedger({ stepBytes });
            ledger.restore(disk.values());
            continue;
          }
          ledger.open(grant);
          const before = ledger.carriedUnder(grant.grantHash) ?? 0;
          const outcome = ledger.reserve(grant.grantHash, bytes);
          expect(outcome.ok).to.equal(before + bytes <= grant.capBytes);
          if (!outcome.ok) continue;
          if (outcome.write !== undefined) disk.set(grant.grantHash, outcome.write);
          const sentBytes = kind === 'send' ? bytes : Math.floor(bytes / 3);
          ledger.giveBack(grant.grantHash, bytes - sentBytes);
          left.set(n, (left.get(n) ?? 0) + sentBytes);
        }
        for (const [n, bytes] of left) {
          const { grantHash, capBytes } = grantNo(n);
          const written = disk.get(grantHash)?.writtenBytes ?? 0;
          expect(bytes, 'left under the cap').to.be.at.most(capBytes);
          expect(bytes, 'left is on disk').to.be.at.most(written);
          expect(bytes, 'carried is never counted too low').to.be.at.most(
            ledger.carriedUnder(grantHash) ?? 0,
          );
          expect(written, 'written under the cap').to.be.at.most(capBytes);
        }
      }),
    );
  });

  it('adds up: the sum over all grants is the sum of what each carried', () => {
    fc.assert(
      fc.property(steps, (moves) => {
        const ledger = new CarriageLedger({ stepBytes: 64 });
        for (const [kind, n, bytes] of moves) {
          const { grantHash } = grantNo(n);
          ledger.open(grantNo(n));
          if (ledger.reserve(grantHash, bytes).ok && kind !== 'send') ledger.giveBack(grantHash, bytes);
        }
        const sum = [0, 1, 2, 3, 4].reduce(
          (all, n) => all + (ledger.carriedUnder(grantNo(n).grantHash) ?? 0),
          0,
        );
        expect(ledger.carriedBytes).to.equal(sum);
        ledger.forgetThrough(8);
        expect([ledger.grants, ledger.carriedBytes]).to.deep.equal([0, sum]);
      }),
    );
  });

  it('writes once a step, not once a block', () => {
    const ledger = new CarriageLedger({ stepBytes: 500 });
    ledger.open({ ...grantNo(9), capBytes: 10_000 });
    let writes = 0;
    for (let sent = 0; sent < 100; sent++) {
      const outcome = ledger.reserve(grantNo(9).grantHash, 100);
      expect(outcome.ok).to.equal(true);
      if (outcome.ok && outcome.write !== undefined) writes += 1;
    }
    // Each write covers the block that needed it and five more.
    expect(writes).to.equal(17);
    expect(ledger.reserve(grantNo(9).grantHash, 1)).to.deep.equal({
      ...{ ok: false, reason: 'over-cap', usedBytes: 10_000, capBytes: 10_000 },
    });
  });

  it('knows nothing that was not opened, and remembers a bounded number of grants', () => {
    const ledger = new CarriageLedger({ maxGrants: 2 });
    expect(ledger.reserve(grantNo(1).grantHash, 1)).to.include({ ok: false, reason: 'unknown' });
    expect([1, 2, 3, 1].map((n) => ledger.open(grantNo(n)))).to.deep.equal([true, true, false, true]);
    expect(ledger.forgetThrough(7)).to.equal(1);
    expect(ledger.open(grantNo(3))).to.equal(true);
    expect(ledger.deals.size).to.equal(2);
  });
});
