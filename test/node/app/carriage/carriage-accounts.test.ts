import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import pino from 'pino';

import { CarriageStore } from '../../../../node/adapters/disk/carriage-store.ts';
import type { DeliveryDesk } from '../../../../node/adapters/delivery-desk/delivery-desk.ts';
import { CarriageAccounts } from '../../../../node/app/carriage/carriage-accounts.ts';
import { CarriageDeals, type PooledDealReader } from '../../../../node/app/carriage/carriage-deals.ts';
import { CarryingAccounts } from '../../../../node/app/carriage/carrying-accounts.ts';
import { CarriageLedger } from '../../../../node/core/carriage/carriage-ledger.ts';
import { DeliveryLedger } from '../../../../node/core/delivery/delivery-ledger.ts';
import { Withdrawals, withoutWithdrawn } from '../../../../node/core/notices/withdrawals.ts';
import type { DealRecord } from '../../../../sdk/chain/deals.ts';
import { parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import {
  DeskFixture,
  grantBytes,
  grantOf,
  receiptBytes,
  refusal,
} from '../../adapters/delivery-desk/desk-fixture.ts';
import { addressOf, EPOCH, EPOCH_SECONDS, keys, NODE } from '../../adapters/http/gateway-fixture.ts';

const MIB = 2 ** 20;
/** A deal that allocates nothing to this node. */
const LENT_DEAL = parseDealId(`0x${'1e'.repeat(32)}`);
/** The collector of that deal, whose key signs what is lent. */
const collector = keys.publisher;
const lent = (changes: Parameters<typeof grantOf>[0] = {}) => grantOf({ dealId: LENT_DEAL, ...changes });

describe('accounts of an edge that carries', () => {
  let directory: string;
  let stores: CarriageStore[];
  let deal: DealRecord;
  let pool: Awaited<ReturnType<PooledDealReader['pool']>>;
  let chainAway: boolean;
  let epoch: number;
  let withdrawals: Withdrawals;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-carriage-'));
    stores = [];
    chainAway = false;
    epoch = EPOCH;
    withdrawals = new Withdrawals();
    pool = { fundedWei: 1n, thawEndEpoch: undefined };
    deal = {
      ...{ dealId: LENT_DEAL, state: 'open', publisher: addressOf(keys.viewer), previousKeys: undefined },
      ...{ collector: addressOf(collector), grantKey: addressOf(keys.grant), serviceLevel: 0, freeWei: 0n },
      ...{ contentRoot: lent().contentRoot, contentCodec: 0x70, openAllocations: 0 },
    };
  });

  afterEach(async () => {
    for (const store of stores) store.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** One run of the node over the same files. */
  function run(): { desk: DeliveryDesk; carriage: CarriageAccounts; own: DeskFixture; store: CarriageStore } {
    const store = CarriageStore.open(join(directory, 'carriage.sqlite'));
    stores.push(store);
    const ledger = new CarriageLedger();
    ledger.restore(store.grants());
    const clock = { nowMs: () => (epoch * EPOCH_SECONDS + 10) * 1000 };
    const terms = { epochSeconds: EPOCH_SECONDS, claimWindowEpochs: 1 };
    const chain: PooledDealReader = {
      deal: async (dealId) => {
        if (chainAway) throw new RangeError('connection refused');
        return dealId === LENT_DEAL ? deal : undefined;
      },
      pool: async () => pool,
    };
    const carriage = new CarriageAccounts(
      {
        ...{
          clock,
          ledger,
          record: store,
          deals: withoutWithdrawn(new CarriageDeals({ chain, clock }, terms), withdrawals),
        },
        ...{ credit: new DeliveryLedger({ node: NODE, ...terms }), log: pino({ level: 'silent' }) },
      },
      terms,
    );
    const own = new DeskFixture({
      around: (accounts) =>
        new CarryingAccounts(
          { own: accounts, carriage, allocated: async (dealId) => dealId !== LENT_DEAL },
          { node: NODE },
        ),
    });
    return { desk: own.local.desk, carriage, own, store };
  }

  async function send(
    desk: DeliveryDesk,
    grant: Uint8Array,
    bytes: number,
    receipt?: Uint8Array,
  ): Promise<void> {
    const leave = await desk.reserve(await desk.admit({ grant, receipt }), bytes);
    leave.settle({ sentBytes: bytes, complete: true });
  }

  it('carries for grants of the collector, and serves paid grants as before', async () => {
    const { desk, carriage, own } = run();
    await send(desk, grantBytes(lent(), collector), 50_000);
    await send(desk, grantBytes(grantOf()), 60_000);
    expect(carriage.carried(lent().contentRoot)).to.include({ dealId: LENT_DEAL, contentCodec: 0x70 });
    // What is lent is in no account that is settled.
    expect(own.ledger.meters().map(({ servedBytes }) => servedBytes)).to.deep.equal([60_000]);
  });

  it('carries nothing for a grant of the grant key, a pool that pays nobody, or a deal that closes', async () => {
    const grant = grantBytes(lent(), collector);
    const first = run();
    // The own accounts decide: the desk of this test is allocated something by every deal.
    await first.desk.admit({ grant: grantBytes(lent()) });
    expect(first.carriage.carried(lent().contentRoot)).to.equal(undefined);
    for (const change of [{ fundedWei: 0n }, { thawEndEpoch: parseEpoch(EPOCH + 1) }]) {
      pool = { fundedWei: 1n, thawEndEpoch: undefined, ...change };
      expect((await refusal(run().desk.admit({ grant }))).code).to.equal('GRANT_BAD_SIGNATURE');
    }
    pool = { fundedWei: 1n, thawEndEpoch: undefined };
    deal = { ...deal, state: 'closing' };
    expect((await refusal(run().desk.admit({ grant }))).code).to.equal('GRANT_BAD_SIGNATURE');
  });

  it('keeps to the cap, and has on disk what leaves before it leaves', async () => {
    const { desk, store } = run();
    const grant = lent({ capBytes: BigInt(3 * MIB) });
    const bytes = grantBytes(grant, collector);
    for (let block = 0; block < 3; block++) {
      const receipt = block === 0 ? undefined : receiptBytes(grant, block * MIB);
      const open = await desk.admit({ grant: bytes, receipt });
      const leave = await desk.reserve(open, MIB);
      const [written] = store.grants();
      expect(written?.writtenBytes, 'before it is sent').to.be.at.least((block + 1) * MIB);
      leave.settle({ sentBytes: MIB, complete: true });
    }
    const beyond = send(desk, bytes, 1, receiptBytes(grant, 3 * MIB));
    expect(await refusal(beyond)).to.deep.include({ code: 'GRANT_OVER_CAP' });
  });

  it('begins no grant again after a fall, so that no byte leaves twice under one cap', async () => {
    const grant = lent({ capBytes: BigInt(8 * MIB) });
    await send(run().desk, grantBytes(grant, collector), MIB);
    // Nothing was closed: the next run finds what was on disk.
    const { desk, store } = run();
    const again = await refusal(desk.admit({ grant: grantBytes(grant, collector) }));
    expect(again).to.deep.include({ code: 'GRANT_OVER_CAP' });
    expect(again.remedy).to.match(/coordinator/);
    expect(store.grants()[0]?.writtenBytes).to.be.within(MIB, 8 * MIB);
    const another = lent({ capBytes: BigInt(8 * MIB) - 1n });
    await send(desk, grantBytes(another, collector), MIB);
  });

  it('gives credit as for any grant: no receipt, no more than a window', async () => {
    const { desk } = run();
    const grant = lent();
    const bytes = grantBytes(grant, collector);
    await send(desk, bytes, MIB);
    expect((await refusal(send(desk, bytes, MIB))).code).to.equal('CREDIT_EXHAUSTED');
    const forged = receiptBytes(grant, MIB, keys.publisher);
    expect((await refusal(send(desk, bytes, MIB, forged))).code).to.equal('RECEIPT_BAD_SIGNATURE');
    await send(desk, bytes, MIB, receiptBytes(grant, MIB));
    const beyond = receiptBytes(grant, 9 * MIB);
    expect((await refusal(send(desk, bytes, MIB, beyond))).code).to.equal('RECEIPT_BEYOND_SERVED');
  });

  it('answers final receipts of both kinds in their order', async () => {
    const { desk, own } = run();
    const [paid, carried] = [grantOf(), lent()];
    await send(desk, grantBytes(paid), 1_000);
    await send(desk, grantBytes(carried, collector), 2_000);
    const receipts = [receiptBytes(carried, 2_000), receiptBytes(paid, 1_000)];
    const answering = desk.takeReceipts(Buffer.concat(receipts));
    // Receipts are handed to the journal once their signers are known, which takes turns of their own.
    let answered = false;
    const done = answering.finally(() => (answered = true));
    while (!answered) await own.written();
    const answers = await done;
    expect(answers.map((answer) => 'durableBytes' in answer && answer.durableBytes)).to.deep.equal([
      2_000, 1_000,
    ]);
  });

  it('forgets grants two epochs after their own', async () => {
    const { desk, store, carriage } = run();
    await send(desk, grantBytes(lent(), collector), 1_000);
    epoch += 3;
    await send(desk, grantBytes(lent({ epoch: parseEpoch(epoch) }), collector), 1_000);
    expect(store.grants().map((grant) => grant.epoch)).to.deep.equal([epoch]);
    expect(carriage.carried(lent().contentRoot)).to.include({ epoch });
  });

  it('carries nothing more of a content that was taken down, under open grants neither', async () => {
    const { desk } = run();
    const grant = lent();
    const open = await desk.admit({ grant: grantBytes(grant, collector) });
    withdrawals.add(LENT_DEAL, grant.contentRoot);
    const refused = [
      await refusal(desk.reserve(open, 1_000)),
      await refusal(desk.admit({ grant: grantBytes(lent({ capBytes: 7n }), collector) })),
    ];
    for (const { code } of refused) expect(code).to.equal('CONTENT_WITHDRAWN');
  });

  it('leaves it to the own accounts to say that the chain is away', async () => {
    const { desk } = run();
    chainAway = true;
    expect((await refusal(desk.admit({ grant: grantBytes(lent(), collector) }))).code).to.match(/^GRANT_/);
  });
});
