import { expect } from 'chai';
import fc from 'fast-check';

import type { Database } from '../../../marketplace/database/database.ts';
import {
  insertGrant,
  sumGrantedBytes,
  type IssuedGrant,
} from '../../../marketplace/database/grant-ledger.ts';
import { MIGRATIONS } from '../../../marketplace/database/migrations.ts';
import { bytesToHex, uintToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
} from '../../../sdk/protocol/identifiers.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const BEFORE_GRANTED_EPOCHS = 11;
const EPOCHS = 4;
const word = (number: number) => bytesToHex(uintToBytes(BigInt(number), 32));
const addressNo = (number: number) => parseAddress(bytesToHex(uintToBytes(BigInt(number), 20)));

interface Drawn {
  readonly deal: number;
  readonly node: number;
  readonly epoch: number;
  readonly capBytes: number;
  readonly isPeer: boolean;
}

const drawn = fc.record({
  deal: fc.integer({ min: 1, max: 2 }),
  node: fc.integer({ min: 1, max: 2 }),
  epoch: fc.integer({ min: 0, max: EPOCHS }),
  capBytes: fc.integer({ min: 1, max: 2 ** 40 }),
  isPeer: fc.boolean(),
});

function grantOf({ deal, node, epoch, capBytes, isPeer }: Drawn, number: number): IssuedGrant {
  return {
    grant: {
      ...{ dealId: parseDealId(word(deal)), node: addressNo(node), viewerKey: addressNo(1_000 + number) },
      ...{ epoch: parseEpoch(epoch), capBytes: BigInt(capBytes), contentRoot: parseContentRoot(word(7)) },
    },
    ...{ grantHash: parseGrantHash(word(number)), signature: new Uint8Array(64), issuedAtMs: 0 },
    peerRatePerGiB: isPeer ? 5n : undefined,
  };
}

describe('bytes that grants allow at the expense of an allocation', () => {
  let storage: TestStorage;
  let database: Database | undefined;

  beforeEach(async () => {
    storage = await temporaryStorage();
  });

  afterEach(async () => {
    await database?.close();
    database = undefined;
    await storage.remove();
  });

  async function expectSums(of: Database, grants: readonly Drawn[]): Promise<void> {
    for (const deal of [1, 2]) {
      for (const node of [1, 2]) {
        for (let after = -1; after <= EPOCHS; after++) {
          const counted = grants.filter(
            (grant) => grant.deal === deal && grant.node === node && grant.epoch > after && !grant.isPeer,
          );
          const allocation = { dealId: parseDealId(word(deal)), node: addressNo(node) };
          const expected = counted.reduce((sum, { capBytes }) => sum + BigInt(capBytes), 0n);
          expect(await sumGrantedBytes(of.read, allocation, after)).to.equal(expected);
        }
      }
    }
  }

  it('are the sum of their caps, by epoch, without those of peers', async () => {
    const opened = (database = await storage.open());
    await fc.assert(
      fc.asyncProperty(fc.array(drawn, { maxLength: 12 }), async (grants) => {
        await opened.write(async (sql) => {
          await sql.run('DELETE FROM grants');
          await sql.run('DELETE FROM granted_epochs');
          for (const [number, grant] of grants.entries()) await insertGrant(sql, grantOf(grant, number));
        });
        await expectSums(opened, grants);
      }),
      { numRuns: 20 },
    );
  });

  it('are known of a database that did not add them up', async () => {
    const [grants = []] = fc.sample(fc.array(drawn, { minLength: 30, maxLength: 30 }), 1);
    database = await storage.open(MIGRATIONS.filter(({ version }) => version <= BEFORE_GRANTED_EPOCHS));
    await database.write(async (sql) => {
      for (const [number, each] of grants.entries()) {
        const { grant, grantHash, peerRatePerGiB } = grantOf(each, number);
        await sql.run(
          `INSERT INTO grants (grant_hash, deal_id, node, viewer_key, epoch, cap_bytes, content_root, signature,
             issued_at_ms, peer_rate_per_gib) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
          ...[grantHash, grant.dealId, grant.node, grant.viewerKey, grant.epoch, each.capBytes],
          ...[grant.contentRoot, new Uint8Array(64), peerRatePerGiB?.toString() ?? null],
        );
      }
    });
    await database.close();
    database = await storage.open();
    await expectSums(database, grants);
  });
});
