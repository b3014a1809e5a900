import { expect } from 'chai';
import fc from 'fast-check';

import type { Database, Row } from '../../../marketplace/database/database.ts';
import { insertGrant, readGrants, type IssuedGrant } from '../../../marketplace/database/grant-ledger.ts';
import {
  keepBestReceipts,
  readReceiptedBytes,
  type ReceiptSource,
} from '../../../marketplace/database/kept-receipts.ts';
import { bytesToHex, uintToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
} from '../../../sdk/protocol/identifiers.ts';
import { networkDomainOf } from '../../../sdk/protocol/network-domain.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const word = (number: number) => bytesToHex(uintToBytes(BigInt(number), 32));
const addressNo = (number: number) => parseAddress(bytesToHex(uintToBytes(BigInt(number), 20)));
const DEALS = [parseDealId(word(1)), parseDealId(word(2))] as const;
const MINUTE_MS = 60_000;

/** Grants of two deals for edges and for peers, free ones too, in two domains and of viewers in three regions. */
function grantNo(number: number): IssuedGrant {
  const peerRates = [undefined, 0n, 5n, 7n];
  const domains = [undefined, networkDomainOf('eu-west', undefined), networkDomainOf('us-east', 'as7018')];
  return {
    grant: {
      ...{ dealId: DEALS[number % 2] ?? DEALS[0], node: addressNo(100 + (number % 3)) },
      ...{ viewerKey: addressNo(number), epoch: parseEpoch(number % 5), capBytes: 2n ** 40n },
      contentRoot: parseContentRoot(word(7)),
    },
    ...{ grantHash: parseGrantHash(word(number)), signature: new Uint8Array(64), issuedAtMs: 0 },
    ...{ peerRatePerGiB: peerRates[number % 4], peerDomain: domains[number % 3] },
    viewerRegion: [undefined, 'eu-west', 'us-east'][(number >> 1) % 3],
  };
}

/** One request: receipts from nodes or a viewer, at a time. */
interface Kept {
  readonly source: ReceiptSource;
  readonly nowMs: number;
  readonly receipts: readonly { readonly grant: number; readonly bytes: number; readonly mark: number }[];
}

/** What the ledger has to say after requests, told one receipt at a time. */
class Model {
  readonly held = new Map<number, { bytes: number; mark: number; source: string; atMs: number }>();
  readonly sums = new Map<string, number>();

  take({ source, nowMs, receipts }: Kept): void {
    for (const { grant, bytes, mark } of receipts) {
      const before = this.held.get(grant);
      const isNews = before?.bytes === bytes && source === 'node' && before.source === 'viewer';
      if (before === undefined || bytes > before.bytes || isNews)
        this.held.set(grant, { bytes, mark, source, atMs: nowMs });
      this.#add(grantNo(grant), bytes - (before?.bytes ?? 0), nowMs);
    }
  }

  #add({ grant, peerRatePerGiB, peerDomain, viewerRegion = '' }: IssuedGrant, bytes: number, nowMs: number) {
    if (bytes <= 0) return;
    const { dealId, node } = grant;
    const minute = (Math.floor(nowMs / MINUTE_MS) * MINUTE_MS) / 1000;
    const keys = [`account ${dealId} ${node}`, `minute ${minute} ${dealId} ${node} ${viewerRegion}`];
    if (peerRatePerGiB !== undefined) keys.push(`peer ${dealId} ${node} ${peerRatePerGiB}`);
    if (peerDomain !== undefined && (peerRatePerGiB ?? 0n) > 0n) keys.push(`domain ${dealId} ${peerDomain}`);
    for (const key of keys) this.sums.set(key, (this.sums.get(key) ?? 0) + bytes);
  }
}

describe('receipts that are kept many at a time', () => {
  let storage: TestStorage;
  let database: Database;

  before(async () => {
    storage = await temporaryStorage();
    database = await storage.open();
  });

  after(async () => {
    await database.close();
    await storage.remove();
  });

  async function forgetAll(): Promise<void> {
    const tables = [
      'receipts',
      'grants',
      'delivery_accounts',
      'delivery_minutes',
      'peer_bytes',
      'domain_ledger',
    ];
    await database.write(async (sql) => {
      for (const table of tables) await sql.run(`DELETE FROM ${table}`);
    });
  }

  beforeEach(forgetAll);

  async function issue(count: number): Promise<void> {
    await database.write(async (sql) => {
      for (let number = 1; number <= count; number++) await insertGrant(sql, grantNo(number));
    });
  }

  const keep = ({ source, nowMs, receipts }: Kept): Promise<void> => {
    const verified = receipts.map(({ grant, bytes, mark }) => {
      const issued = grantNo(grant);
      const receipt = { grantHash: issued.grantHash, bytesCumulative: BigInt(bytes) };
      return { issued, signedReceipt: { receipt, signature: new Uint8Array(64).fill(mark) } };
    });
    return database.write((sql) => keepBestReceipts(sql, verified, { source, nowMs }));
  };

  async function expectAs(model: Model): Promise<void> {
    const rows = await database.read.all('SELECT * FROM receipts ORDER BY grant_hash');
    const held = rows.map((row) => [
      ...[Number(row['grant_hash']), row['bytes_cumulative'], signatureMark(row), row['source']],
      row['updated_at_ms'],
    ]);
    const expected = [...model.held]
      .sort(([a], [b]) => a - b)
      .map(([grant, { bytes, mark, source, atMs }]) => [grant, bytes, mark, source, atMs]);
    expect(held).to.deep.equal(expected);
    const sums = new Map<string, unknown>();
    const tables = [
      ['account', 'deal_id, node, bytes', 'delivery_accounts'],
      ['minute', 'minute_seconds, deal_id, node, viewer_region, bytes', 'delivery_minutes'],
      ['peer', 'deal_id, peer, rate_per_gib, bytes', 'peer_bytes'],
      ['domain', 'deal_id, domain, contributed_bytes', 'domain_ledger'],
    ] as const;
    for (const [name, columns, table] of tables) {
      for (const row of await database.read.all(`SELECT ${columns} FROM ${table}`)) {
        const values = columns.split(', ').map((column) => row[column]);
        sums.set([name, ...values.slice(0, -1)].join(' '), values.at(-1));
      }
    }
    expect(Object.fromEntries(sums)).to.deep.equal(Object.fromEntries(model.sums));
  }

  it('leave what they would leave one at a time, whatever comes twice, late, or from two sides at once', async () => {
    const receipt = fc.record({
      ...{ grant: fc.integer({ min: 1, max: 24 }), bytes: fc.nat(12), mark: fc.nat(255) },
    });
    const request = fc.record({
      source: fc.constantFrom<ReceiptSource>('node', 'viewer'),
      nowMs: fc.constantFrom(0, 59_999, 60_000, 3 * MINUTE_MS),
      receipts: fc.array(receipt, { minLength: 1, maxLength: 60 }),
    });
    await fc.assert(
      fc
        .asyncProperty(fc.array(request, { maxLength: 6 }), async (requests) => {
          await issue(24);
          const model = new Model();
          for (const one of requests) model.take(one);
          // None waits for the one before.
          await Promise.all(requests.map(keep));
          await expectAs(model);
        })
        .beforeEach(forgetAll),
      { numRuns: 40 },
    );
  });

  it('leave the same in any size of statement', async () => {
    const count = 700;
    await issue(count);
    const model = new Model();
    for (const [size, source] of [
      [1, 'viewer'],
      [3, 'viewer'],
      [33, 'node'],
      [257, 'viewer'],
      [count, 'node'],
      [count, 'viewer'],
    ] as const) {
      const receipts = Array.from({ length: size }, (_, i) => {
        const grant = ((i * 211) % count) + 1;
        return { grant, bytes: ((grant * 37) % 1_000) + (source === 'viewer' ? size : 0), mark: size % 256 };
      });
      const request = { source, nowMs: size * 1_000, receipts };
      model.take(request);
      await keep(request);
      await expectAs(model);
    }
    const hashes = Array.from({ length: count }, (_, i) => grantNo(i + 1).grantHash);
    const bytes = await readReceiptedBytes(database.read, [...hashes, ...hashes]);
    expect([...bytes.values()].reduce((sum, one) => sum + one, 0n)).to.equal(
      [...model.held.values()].reduce((sum, one) => sum + BigInt(one.bytes), 0n),
    );
    const unknown = parseGrantHash(word(count + 1));
    const grants = await readGrants(database.read, [unknown, ...hashes, ...hashes]);
    expect(grants.size).to.equal(count);
    expect(grants.get(unknown)).to.equal(undefined);
    expect(grants.get(grantNo(8).grantHash)).to.deep.equal(grantNo(8));
  });

  it('are all kept or none', async () => {
    await issue(2);
    const request: Kept = {
      ...{ source: 'node', nowMs: 0 },
      // Nobody has issued the third: the reference of the table refuses it.
      receipts: [1, 2, 3].map((grant) => ({ grant, bytes: 5, mark: 0 })),
    };
    const failure = await keep(request).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(failure).to.be.instanceOf(Error);
    await expectAs(new Model());
  });
});

function signatureMark(row: Row): number | undefined {
  const signature = row['signature'];
  return signature instanceof Uint8Array ? signature[0] : undefined;
}
