import { expect } from 'chai';
import fc from 'fast-check';

import {
  committedWei,
  earnedByPeer,
  earnedInAll,
  peerRate,
} from '../../../marketplace/coordinator/peer-earnings.ts';
import type { PeerMeter } from '../../../marketplace/database/peer-ledger.ts';
import { readSignedAmounts, savePeerRoot } from '../../../marketplace/database/peer-roots.ts';
import { parseAddress, parseDealId, type Address } from '../../../sdk/protocol/identifiers.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const GIB = 2n ** 30n;
const peer = (n: number): Address => parseAddress(`0x${n.toString(16).padStart(40, '0')}`);
const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);

const receipt = fc.record({
  peer: fc.integer({ min: 1, max: 3 }).map(peer),
  ratePerGiB: fc.bigInt(0n, 10n ** 17n),
  bytes: fc.bigInt(0n, 2n ** 34n),
});

/** Adds bytes up by peer and rate, as the table does. */
function metersOf(receipts: readonly PeerMeter[]): PeerMeter[] {
  const meters = new Map<string, PeerMeter>();
  for (const one of receipts) {
    const key = `${one.peer} ${one.ratePerGiB}`;
    meters.set(key, { ...one, bytes: one.bytes + (meters.get(key)?.bytes ?? 0n) });
  }
  return [...meters.values()];
}

describe('earnings of peers', () => {
  it('are the floor of the price of the sum of the bytes at each rate', () => {
    const meters = [
      { peer: peer(1), ratePerGiB: 3n, bytes: GIB - 1n },
      { peer: peer(1), ratePerGiB: 5n, bytes: GIB },
      { peer: peer(2), ratePerGiB: 3n, bytes: 4n * GIB },
    ];
    expect([...earnedByPeer(meters)]).to.deep.equal([
      [peer(1), 2n + 5n],
      [peer(2), 12n],
    ]);
    expect(earnedInAll(meters)).to.equal(19n);
  });

  it('never fall as receipts come in, and never exceed what was committed for open grants', () => {
    fc.assert(
      fc.property(fc.array(receipt, { maxLength: 30 }), fc.nat(30), (receipts, cut) => {
        const before = metersOf(receipts.slice(0, cut));
        const after = metersOf(receipts);
        const earlier = earnedByPeer(before);
        const later = earnedByPeer(after);
        for (const [who, wei] of earlier) expect((later.get(who) ?? -1n) >= wei).to.equal(true);
        expect(committedWei(before, metersOf(receipts.slice(cut)))).to.equal(earnedInAll(after));
      }),
    );
  });

  it('have the rate that the peer asks, and no more than the cheapest edge is paid', () => {
    expect(peerRate(4n, [9n, 5n, 7n])).to.equal(4n);
    expect(peerRate(8n, [9n, 5n, 7n])).to.equal(5n);
    expect(peerRate(8n, [])).to.equal(undefined);
  });

  it('are refused by the database itself when a root would lower one', async () => {
    const directory = await temporaryStorage();
    const database = await directory.open();
    const save = (sequence: number, cumulativeWei: bigint): Promise<unknown> =>
      database
        .write((sql) =>
          savePeerRoot(
            sql,
            {
              statement: { dealId: DEAL, sequence, root: `0x${'00'.repeat(32)}`, totalWei: cumulativeWei },
              collector: peer(9),
              signature: new Uint8Array(64),
            },
            { leaves: [{ peer: peer(1), cumulativeWei }], atMs: 0 },
          ),
        )
        .then(
          () => 'signed',
          (error: unknown) => error,
        );
    try {
      expect(await save(1, 99n)).to.equal('signed');
      expect(await save(2, 100n)).to.equal('signed');
      expect(await save(3, 100n)).to.equal('signed');
      expect(await save(4, 99n)).to.be.instanceOf(Error);
      expect(await save(4, 9n)).to.be.instanceOf(Error);
      expect([...(await readSignedAmounts(database.read, DEAL))]).to.deep.equal([[peer(1), 100n]]);
      expect(await database.read.get('SELECT MAX(sequence) AS last FROM peer_roots')).to.deep.equal({
        last: 3,
      });
    } finally {
      await database.close();
      await directory.remove();
    }
  });
});
