import { expect } from 'chai';
import fc from 'fast-check';

import { ancestorsOf } from '../../../marketplace/coordinator/carriage.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import {
  addContribution,
  findBalance,
  insertCarriage,
  readBalances,
  readCarriers,
  readSourceRoom,
  sumBalances,
} from '../../../marketplace/database/domain-ledger.ts';
import { parseAddress, parseDealId, parseGrantHash } from '../../../sdk/protocol/identifiers.ts';
import { networkDomainOf, type NetworkDomain } from '../../../sdk/protocol/network-domain.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const DOMAINS = ['eu-west', 'us-east', 'us-east/as7018'].map((text) => {
  const [region = '', label] = text.split('/');
  return networkDomainOf(region, label);
});
const edgeNo = (n: number) => parseAddress(`0x${n.toString(16).padStart(40, '0')}`);

describe('domain ledger', () => {
  let database: Database;
  let remove: () => Promise<void>;
  let number = 0;

  before(async () => {
    const directory = await temporaryStorage();
    remove = directory.remove;
    database = await directory.open();
  });

  after(async () => {
    await database.close();
    await remove();
  });

  const freshDeal = () => parseDealId(`0x${(++number).toString(16).padStart(64, '0')}`);

  /** One carriage grant, whether or not there is room for it. */
  async function charge(
    dealId: ReturnType<typeof freshDeal>,
    one: { domain?: NetworkDomain | undefined; bytes: number; edge?: number; viewer?: number },
  ): Promise<boolean> {
    const grantHash = parseGrantHash(`0x${(++number).toString(16).padStart(64, 'f')}`);
    const work = database.write((sql) =>
      insertCarriage(sql, {
        ...{ grantHash, dealId, epoch: 1, issuedAtMs: 0, capBytes: BigInt(one.bytes), domain: one.domain },
        ...{ edge: edgeNo(one.edge ?? 1), viewerKey: edgeNo(one.viewer ?? 99) },
      }),
    );
    return work.then(
      () => true,
      () => false,
    );
  }

  it('never lets more be carried for a domain than it contributed, whatever the program asks for', async () => {
    const moves = fc.array(
      fc.record({ kind: fc.constantFrom('give', 'carry'), domain: fc.nat(2), bytes: fc.nat(1_000) }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(moves, async (steps) => {
        const dealId = freshDeal();
        const model = DOMAINS.map(() => ({ known: false, given: 0, carried: 0 }));
        for (const { kind, domain: at, bytes } of steps) {
          const [domain, account] = [DOMAINS[at], model[at]];
          if (domain === undefined || account === undefined) continue;
          if (kind === 'give') {
            await database.write((sql) => addContribution(sql, { dealId, domain }, BigInt(bytes)));
            account.known = true;
            account.given += bytes;
            continue;
          }
          const isRoom = account.known && account.carried + bytes <= account.given;
          expect(await charge(dealId, { domain, bytes })).to.equal(isRoom);
          if (isRoom) account.carried += bytes;
        }
        for (const [at, domain] of DOMAINS.entries()) {
          const { contributedBytes, carriedBytes } = await findBalance(database.read, { dealId, domain });
          const { given = 0, carried = 0 } = model[at] ?? {};
          expect([Number(contributedBytes), Number(carriedBytes)]).to.deep.equal([given, carried]);
          expect(carriedBytes <= contributedBytes).to.equal(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('adds up over deals and domains', async () => {
    const before = await sumBalances(database.read);
    const dealId = freshDeal();
    for (const domain of DOMAINS)
      await database.write((sql) => addContribution(sql, { dealId, domain }, 1_000n));
    expect(await charge(dealId, { domain: DOMAINS[1], bytes: 400 })).to.equal(true);
    const balances = await readBalances(database.read, dealId, 10);
    expect(balances.map(({ domain }) => domain)).to.deep.equal([...DOMAINS].sort());
    const after = await sumBalances(database.read);
    expect(after.contributedBytes - before.contributedBytes).to.equal(3_000n);
    expect(after.carriedBytes - before.carriedBytes).to.equal(400n);
  });

  it('gives an edge no more room at others than it was told to carry, its children included', async () => {
    const dealId = freshDeal();
    const domain = DOMAINS[0];
    if (domain === undefined) expect.fail('there is a first domain');
    await database.write((sql) => addContribution(sql, { dealId, domain }, 10_000n));
    const room = (edge: number) =>
      readSourceRoom(database.read, { dealId, edge: edgeNo(edge), epoch: 1 }).then(Number);
    expect(await room(1)).to.equal(0);
    await charge(dealId, { domain, bytes: 3_000, edge: 1 });
    await charge(dealId, { domain, bytes: 2_000, edge: 2 });
    expect([await room(1), await room(2)]).to.deep.equal([3_000, 2_000]);
    // The second edge asks the first for all of it.
    await charge(dealId, { bytes: 2_000, edge: 1, viewer: 2 });
    expect([await room(1), await room(2)]).to.deep.equal([5_000, 0]);
    expect(await readCarriers(database.read, dealId, 1, 10)).to.deep.equal([edgeNo(1), edgeNo(2)]);
  });

  it('makes a tree in which each edge asks one before it, and none has too many children', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 8 }), (size, fanOut) => {
        const children = new Map<number, number>();
        for (let place = 1; place < size; place++) {
          const [parent = -1, ...above] = ancestorsOf(place, fanOut);
          expect(parent).to.be.within(0, place - 1);
          expect([parent, ...above].at(-1)).to.equal(0);
          children.set(parent, (children.get(parent) ?? 0) + 1);
        }
        expect(Math.max(0, ...children.values())).to.be.at.most(fanOut);
        expect(ancestorsOf(0, fanOut)).to.deep.equal([]);
        expect(ancestorsOf(-1, fanOut)).to.deep.equal([]);
      }),
    );
  });
});
