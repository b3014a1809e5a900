import { expect } from 'chai';
import fc from 'fast-check';

import type { Database } from '../../../marketplace/database/database.ts';
import { PROJECTIONS } from '../../../marketplace/database/projection-rows.ts';
import { ChainFollower, type FollowerOptions } from '../../../marketplace/indexer/chain-follower.ts';
import { MarketplaceError } from '../../../marketplace/errors.ts';
import { ON_POSTGRES, temporaryStorage } from '../storage-fixture.ts';
import { DEPLOYMENT, ForkingChain } from './forking-chain.ts';
import { address, NODES, PlausibleHistory, registry, word, type Choice } from './plausible-history.ts';

const never = new AbortController().signal;

describe('chain follower', () => {
  const cleanups: (() => Promise<void>)[] = [];

  async function cleanUp(): Promise<void> {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  }

  afterEach(cleanUp);

  async function openDatabase(): Promise<Database> {
    const directory = await temporaryStorage();
    const database = await directory.open();
    cleanups.push(directory.remove, () => database.close());
    return database;
  }

  const follower = (
    source: ForkingChain,
    database: Database,
    options: Partial<FollowerOptions> = {},
  ): ChainFollower =>
    new ChainFollower(
      { source, database, deployment: DEPLOYMENT },
      { onReplacedChain: 'refuse', ...options },
    );

  async function follow(chain: ForkingChain, follows: ChainFollower): Promise<void> {
    for (let steps = 0; steps < 200; steps++) {
      const { head, tip } = await follows.step(never);
      if (tip?.hash === head.hash) return;
    }
    throw new TypeError(`The follower did not reach block ${chain.height}.`);
  }

  /** Everything that the API answers from. */
  async function contents(database: Database): Promise<unknown> {
    const tables = [...Object.keys(PROJECTIONS), 'events'];
    const rows = await Promise.all(
      tables.map((table) => database.read.all(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)),
    );
    return Object.fromEntries(tables.map((table, i) => [table, rows[i]]));
  }

  it('holds after any reorganisations what a fresh index of the final chain holds', async function () {
    this.timeout(120_000);
    const choice = fc.record({
      what: fc.constantFrom<Choice['what'][]>('node', 'deal', 'deal', 'claim', 'claim', 'pool'),
      node: fc.integer({ min: 0, max: NODES.length - 1 }),
      deal: fc.integer({ min: 1, max: 2 }),
      amount: fc.integer({ min: 1, max: 60 }),
    });
    const round = fc.record({
      forkDepth: fc.integer({ min: 0, max: 12 }),
      blocks: fc.array(choice, { minLength: 1, maxLength: 15, size: 'max' }),
      steps: fc.integer({ min: 1, max: 20 }),
      restart: fc.boolean(),
    });
    const limits = fc.record({
      maxBlocksPerRange: fc.integer({ min: 1, max: 7 }),
      maxRollbackBlocks: fc.integer({ min: 2, max: 20 }),
    });
    let rollbacks = 0;
    // There every statement is a round trip, and every run begins with two new databases.
    const numRuns = ON_POSTGRES ? 9 : 30;
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 2, maxLength: 6 }), limits, async (rounds, options) => {
        const chain = new ForkingChain();
        const database = await openDatabase();
        let follows = follower(chain, database, options);
        let kept: Choice[] = [];
        for (const { forkDepth, blocks, steps, restart } of rounds) {
          const height = Math.max(0, chain.height - forkDepth);
          if (forkDepth > 0) chain.forkFrom(height);
          kept = kept.slice(0, height);
          for (const block of blocks) {
            const history = new PlausibleHistory();
            for (const earlier of kept) history.next(earlier);
            const event = history.next(block);
            kept.push(block);
            chain.add(event === undefined ? [] : [event]);
          }
          for (let i = 0; i < steps; i++) {
            const { rolledBackTo } = await follows.step(never);
            if (rolledBackTo !== undefined) rollbacks += 1;
          }
          // A restart in the middle changes nothing.
          if (restart) follows = follower(chain, database, options);
        }
        await follow(chain, follows);
        const fresh = await openDatabase();
        await follow(chain, follower(chain, fresh));
        expect(await contents(database)).to.deep.equal(await contents(fresh));
        // A server has room for the connections of some databases, not of all runs.
        await cleanUp();
      }),
      { numRuns },
    );
    expect(rollbacks).to.be.greaterThan(numRuns / 3);
  });

  it('indexes again from the deployment when the fork is deeper than what can be taken back', async () => {
    const chain = new ForkingChain();
    const history = new PlausibleHistory();
    for (let i = 0; i < 30; i++)
      chain.add(
        [history.next({ what: 'node', node: 0, deal: 1, amount: 4 * i + 2 })].filter(
          (event) => event !== undefined,
        ),
      );
    const database = await openDatabase();
    const follows = follower(chain, database, { maxRollbackBlocks: 5, maxBlocksPerRange: 10 });
    await follow(chain, follows);
    chain.forkFrom(10);
    for (let i = 0; i < 3; i++) chain.add();
    const { rolledBackTo } = await follows.step(never);
    expect(rolledBackTo).to.equal(-1);
    await follow(chain, follows);
    const fresh = await openDatabase();
    await follow(chain, follower(chain, fresh));
    expect(await contents(database)).to.deep.equal(await contents(fresh));
  });

  it('applies nothing of a range that was reorganised while it was read', async () => {
    const chain = new ForkingChain();
    chain.add([registry('NodeRegistered', address(11), 1, '0x6575000000000000', word(11), [], 7n, 0n)]);
    chain.add();
    const database = await openDatabase();
    chain.betweenQuestions = () => {
      chain.betweenQuestions = undefined;
      chain.forkFrom(0);
      chain.add();
      chain.add();
    };
    const follows = follower(chain, database);
    await follows.step(never);
    expect(await database.read.all('SELECT * FROM nodes')).to.deep.equal([]);
    await follow(chain, follows);
    expect(await database.read.all('SELECT * FROM nodes')).to.deep.equal([]);
    expect(await database.read.get('SELECT MAX(number) AS tip FROM blocks')).to.deep.equal({ tip: 2 });
  });

  it('follows blocks that name no parent once they were read twice the same', async () => {
    const chain = new ForkingChain();
    const database = await openDatabase();
    const follows = follower(chain, database);
    const register = (operator: number) =>
      registry('NodeRegistered', address(operator), 1, '0x6575000000000000', word(operator), [], 7n, 0n);
    const operators = () => database.read.all('SELECT address FROM nodes ORDER BY 1');
    chain.add([register(11)]);
    chain.addUnchained();
    chain.addUnchained([register(12)]);
    await follows.step(never);
    expect(await operators()).to.deep.equal([]);
    await follows.step(never);
    expect(await operators()).to.deep.equal([{ address: address(11) }, { address: address(12) }]);
    chain.addUnchained([register(13)]);
    chain.forkFrom(3);
    chain.addUnchained([register(14)]);
    await follow(chain, follows);
    expect(await operators()).to.deep.equal([11, 12, 14].map((operator) => ({ address: address(operator) })));
  });

  it('refuses a chain with another genesis and keeps the index', async () => {
    const database = await openDatabase();
    const first = new ForkingChain('first');
    first.add([registry('NodeRegistered', address(11), 1, '0x6575000000000000', word(11), [], 7n, 0n)]);
    await follow(first, follower(first, database));
    const second = new ForkingChain('second');
    second.add();
    const failure = await follower(second, database)
      .step(never)
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(MarketplaceError);
    expect((failure as MarketplaceError).code).to.equal('CHAIN_REPLACED');
    expect((failure as MarketplaceError).values['genesis']).to.equal((await second.header(0))?.hash);
    expect(await database.read.all('SELECT address FROM nodes')).to.deep.equal([{ address: address(11) }]);
  });

  it('forgets the old chain when told to', async () => {
    const database = await openDatabase();
    const first = new ForkingChain('first');
    first.add([registry('NodeRegistered', address(11), 1, '0x6575000000000000', word(11), [], 7n, 0n)]);
    await follow(first, follower(first, database));
    const second = new ForkingChain('second');
    second.add();
    const step = await follower(second, database, { onReplacedChain: 'reset' }).step(never);
    expect(step.replaced).to.equal(true);
    expect(await database.read.all('SELECT address FROM nodes')).to.deep.equal([]);
  });

  it('says that the chain is of another id than the deployment', async () => {
    const chain = new ForkingChain();
    const other = { ...DEPLOYMENT, chainId: 6n };
    const database = await openDatabase();
    const failure: unknown = await new ChainFollower(
      { source: chain, database, deployment: other },
      { onReplacedChain: 'refuse' },
    )
      .step(never)
      .catch((error: unknown) => error);
    expect(failure).to.include({ code: 'CHAIN_MISMATCH' });
    expect((failure as MarketplaceError).values).to.deep.equal({ expected: '6', actual: '5' });
  });
});
