import { expect } from 'chai';

import { writeEvent } from '../../../marketplace/database/chain-index.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import {
  readEventsOfDeal,
  readPeerMetersOfDeal,
  readReceiptsOfDeal,
  readVouchersOfDeal,
} from '../../../marketplace/database/deal-books.ts';
import { insertGrant } from '../../../marketplace/database/grant-ledger.ts';
import { addPeerBytes } from '../../../marketplace/database/peer-ledger.ts';
import { keepBestReceipts } from '../../../marketplace/database/kept-receipts.ts';
import { saveVoucher } from '../../../marketplace/database/receipt-ledger.ts';
import { bytesToHex, uintToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
  type Address,
  type DealId,
} from '../../../sdk/protocol/identifiers.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const word = (number: number) => bytesToHex(uintToBytes(BigInt(number), 32));
const addressOf = (number: number): Address => parseAddress(bytesToHex(uintToBytes(BigInt(number), 20)));
const DEAL = parseDealId(word(1));
const OTHER = parseDealId(word(2));
const SIGNATURE = new Uint8Array(64);

describe('books of a deal in the database', () => {
  let directory: TestStorage;
  let database: Database;

  before(async () => {
    directory = await temporaryStorage();
    database = await directory.open();
  });

  after(async () => {
    await database.close();
    await directory.remove();
  });

  /** Reads pages of `limit` until one is short. */
  async function paged<T>(limit: number, read: (last: T | undefined) => Promise<T[]>): Promise<T[]> {
    const all: T[] = [];
    for (;;) {
      const page = await read(all.at(-1));
      all.push(...page);
      if (page.length < limit) return all;
    }
  }

  async function keepReceipt(dealId: DealId, number: number): Promise<void> {
    const issued = {
      ...{
        grantHash: parseGrantHash(word(number)),
        signature: SIGNATURE,
        issuedAtMs: 0,
        peerRatePerGiB: undefined,
      },
      grant: {
        ...{ dealId, node: addressOf(number % 3), viewerKey: addressOf(9), epoch: parseEpoch(number % 5) },
        ...{ capBytes: 1_000n, contentRoot: parseContentRoot(word(7)) },
      },
    };
    const receipt = { grantHash: issued.grantHash, bytesCumulative: BigInt(number) };
    await database.write(async (sql) => {
      await insertGrant(sql, issued);
      const signedReceipt = { receipt, signature: SIGNATURE };
      await keepBestReceipts(sql, [{ issued, signedReceipt }], { source: 'node', nowMs: 0 });
    });
  }

  it('gives each receipt of the deal once, in the order of the grants, whatever the pages', async () => {
    const numbers = Array.from({ length: 40 }, (_, i) => ((i * 17) % 101) + 1);
    for (const number of numbers) await keepReceipt(number % 4 === 0 ? OTHER : DEAL, number);
    const expected = numbers.filter((number) => number % 4 !== 0).sort((a, b) => a - b);
    for (const limit of [1, 7, 1_000]) {
      const pairs = await paged<Awaited<ReturnType<typeof readReceiptsOfDeal>>[number]>(limit, (last) => {
        const afterGrant = last?.signedReceipt.receipt.grantHash ?? word(0);
        return readReceiptsOfDeal(database.read, { dealId: DEAL, afterGrant, limit });
      });
      expect(pairs.map(({ signedReceipt }) => Number(signedReceipt.receipt.bytesCumulative))).to.deep.equal(
        expected,
      );
    }
  });

  it('gives events of the deal in the order of the chain, up to a block, whatever the pages', async () => {
    const places = [3, 3, 5, 8, 8, 8, 12].map((blockNumber, logIndex) => ({ blockNumber, logIndex }));
    for (const { blockNumber, logIndex } of [...places].reverse()) {
      const event = {
        ...{ contract: 'market' as const, name: 'Allocated', arguments: { dealId: DEAL } },
        ...{ blockNumber, blockHash: word(blockNumber), blockTimestampSeconds: 0 },
        ...{ transactionHash: word(logIndex), logIndex },
      };
      await database.write((sql) => writeEvent(sql, event, logIndex === 2 ? OTHER : DEAL));
    }
    for (const limit of [1, 2, 100]) {
      const events = await paged<{ blockNumber: number; logIndex: number }>(limit, (last) => {
        const after = last ?? { blockNumber: -1, logIndex: -1 };
        return readEventsOfDeal(database.read, { dealId: DEAL, after, throughBlock: 8, limit });
      });
      expect(events.map(({ logIndex }) => logIndex)).to.deep.equal([0, 1, 3, 4, 5]);
    }
  });

  it('gives vouchers and what is counted for peers, each once, whatever the pages', async () => {
    await database.write(async (sql) => {
      for (const number of [5, 3, 4]) {
        const voucher = {
          dealId: DEAL,
          node: addressOf(number),
          throughEpoch: parseEpoch(1),
          cumulative: 7n,
        };
        await saveVoucher(sql, { voucher, signature: SIGNATURE }, 0);
        for (const ratePerGiB of [9n, 10n])
          await addPeerBytes(sql, DEAL, { peer: addressOf(number), ratePerGiB, bytes: BigInt(number) });
      }
    });
    for (const limit of [1, 2, 100]) {
      const vouchers = await paged<Awaited<ReturnType<typeof readVouchersOfDeal>>[number]>(limit, (last) => {
        const afterNode = last?.voucher.node ?? addressOf(0);
        return readVouchersOfDeal(database.read, { dealId: DEAL, afterNode, limit });
      });
      expect(vouchers.map(({ voucher }) => voucher.node)).to.deep.equal([3, 4, 5].map(addressOf));
      const meters = await paged<Awaited<ReturnType<typeof readPeerMetersOfDeal>>[number]>(limit, (last) => {
        const after = { peer: last?.peer ?? addressOf(0), ratePerGiB: last?.ratePerGiB.toString() ?? '' };
        return readPeerMetersOfDeal(database.read, { dealId: DEAL, after, limit });
      });
      // Rates stand in the order of their text.
      expect(meters.map(({ peer, ratePerGiB }) => [peer, ratePerGiB])).to.deep.equal(
        [3, 4, 5].flatMap((number) => [10n, 9n].map((rate) => [addressOf(number), rate])),
      );
    }
  });
});
