import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { below, RandomStreams } from '../../../scripts/measuring/random-streams.ts';
import { encodeDeployment } from '../../../sdk/chain/deployment.ts';
import { redeemVouchers } from '../../../sdk/chain/payments.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { decodeSignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { closeDistribution } from '../../../sdk/publish/close-distribution.ts';
import { TEST_SEED } from '../../seed.ts';
import { ApiClient } from '../api-client.ts';
import { DealRoom, grantOf, type SettlementAnswer } from '../coordinator/deal-room.ts';
import { eventually, ReadinessServer, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';
import { topUp } from '../../sdk/chain/top-up.ts';

const PROGRAM = fileURLToPath(new URL('../../../marketplace/main.ts', import.meta.url));
const MIB = 2n ** 20n;
/** Then it is left alone, so that a slow machine gets done, too. */
const MAX_KILLS = 6;
const ROUNDS = 2;
const VIEWERS_A_ROUND = 2;
/** After the first word that a process is ready: within the steps of a round, on a quick machine and on a slow one. */
const MAX_LIFE_MS = 2_500;

/** A marketplace that is killed again and again, and started again each time, over one database. */
class MortalMarketplace {
  readonly #start: () => Promise<{ child: ChildProcess; url: string }>;
  readonly #draw: (below: number) => number;
  #child: ChildProcess | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  api: ApiClient | undefined;
  kills = 0;

  constructor(start: () => Promise<{ child: ChildProcess; url: string }>, draw: (below: number) => number) {
    this.#start = start;
    this.#draw = draw;
  }

  async open(): Promise<void> {
    const { child, url } = await this.#start();
    this.#child = child;
    this.api = await ApiClient.open(url);
  }

  /** Kills from now on until `spare`. */
  haunt(): void {
    this.#running = (async () => {
      while (!this.#stopped && this.kills < MAX_KILLS) {
        await new Promise((resolve) => setTimeout(resolve, this.#draw(MAX_LIFE_MS)));
        if (this.#stopped) return;
        await this.end();
        this.kills += 1;
        await this.open();
      }
    })();
  }

  async spare(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async end(): Promise<void> {
    const child = this.#child;
    this.api = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

describe('a marketplace that is killed at any moment while nodes are granted, settled and paid', function () {
  this.timeout(300_000);
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  it(`leaves every account as the receipts say, to the last wei (seed ${TEST_SEED})`, async () => {
    const random = new RandomStreams(TEST_SEED).stream('kills');
    const draw = (limit: number): number => below(random, limit);
    const market = await TestMarket.open({ epochSeconds: 600, claimWindowEpochs: 1, thawEpochs: 2 });
    cleanups.push(() => market.close());
    const nodes: TransactionSender[] = [];
    for (const account of [2, 3]) {
      const server = await ReadinessServer.open();
      cleanups.push(() => server.close());
      nodes.push(await market.registerEdge(account, { region: 'eu-west', endpoints: [server.endpoint] }));
    }
    const publisher = await market.sender(1);
    const storage = await temporaryStorage();
    cleanups.push(storage.remove);
    const deployment = join(storage.path, 'deployment.json');
    await writeFile(deployment, encodeDeployment(market.deployment));
    const flags = ['--data-dir', storage.path, '--rpc-url', market.chain.url, '--deployment', deployment];
    const mortal = new MortalMarketplace(async () => {
      const child = spawn(process.execPath, [PROGRAM, ...flags, '--json', '--poll-interval', '20'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, ...storage.environment },
      });
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      return { child, url: (JSON.parse(line) as { url: string }).url };
    }, draw);
    cleanups.push(() => mortal.end());
    await mortal.open();

    const balanceOf = (account: string): Promise<bigint> =>
      readTokenBalance(market.provider, market.deployment, account as never);
    const accounts = [publisher, ...nodes].map(({ address }) => address);
    const before = await Promise.all(accounts.map(balanceOf));
    const room = new DealRoom({ market, api: await aliveApi(mortal), publisher });
    await room.levelWithChain();
    const { dealId } = await room.openFundedDeal(new Map(nodes.map((node) => [node, 512n * MIB])));
    mortal.haunt();

    /** Until it is answered: what a patient program does whose marketplace is away. */
    const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          room.api = await aliveApi(mortal);
          return await work();
        } catch (failure) {
          if (!isAbsence(failure)) throw failure;
        }
      }
    };
    const earned = new Map<string, bigint>();
    let deposited = BigInt(nodes.length) * 512n * MIB;
    // On a fast machine all may be done before the first kill.
    for (let round = 0; round < ROUNDS || mortal.kills === 0; round++) {
      const pairs = new Map<TransactionSender, ReceiptWithGrant[]>(nodes.map((node) => [node, []]));
      let throughEpoch = 0;
      for (let viewers = 0; viewers < VIEWERS_A_ROUND; viewers++) {
        const who = room.viewer();
        const granted = await patiently(() =>
          room.requestGrants(who, { dealId }, { capBytes: `${8n * MIB}` }),
        );
        throughEpoch = granted.epoch;
        for (const node of nodes) {
          const bytes = BigInt(1 + draw(8 * 2 ** 20));
          pairs.get(node)?.push(room.signReceipt(grantOf(granted, node), who.key, bytes));
          earned.set(node.address, (earned.get(node.address) ?? 0n) + bytes);
        }
      }
      await topUp(publisher, dealId, BigInt(round + 1));
      deposited += BigInt(round + 1);
      await market.endEpoch();
      for (const node of nodes) await settleAndRedeem(node, pairs.get(node) ?? [], throughEpoch);
    }

    async function settleAndRedeem(
      node: TransactionSender,
      pairs: readonly ReceiptWithGrant[],
      throughEpoch: number,
    ): Promise<void> {
      for (const pair of pairs)
        await patiently(() =>
          answered(room, room.settle(dealId, node, { throughEpoch, pairs: [pair], final: false })),
        );
      const last = await patiently(() =>
        answered(room, room.settle(dealId, node, { throughEpoch, pairs: [] })),
      );
      expect(last.cumulativeWei).to.equal(`${earned.get(node.address)}`);
      await redeemVouchers(node, [decodeSignedVoucher(base64UrlDecode(last.voucher ?? ''))], node.address);
    }

    await mortal.spare();
    room.api = await aliveApi(mortal);
    await room.levelWithChain();
    const total = [...earned.values()].reduce((sum, wei) => sum + wei, 0n);
    expect(await moneyOf(room, dealId)).to.deep.equal({
      ...{ depositedWei: `${deposited}`, paidWei: `${total}`, meteredWei: `${total}`, lostWei: '0' },
      ...{ remainingWei: `${deposited - total}`, withdrawnWei: '0' },
    });
    const closing = closeDistribution({
      sender: publisher,
      dealId,
      nodes: nodes.map(({ address }) => address),
    });
    for (let epochs = 0; epochs < 4; epochs++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await market.endEpoch();
    }
    const closed = await closing;
    expect(closed).to.include({ spentWei: total, refundedWei: deposited - total });
    const after = await Promise.all(accounts.map(balanceOf));
    const gained = after.map((balance, at) => balance - (before[at] ?? 0n));
    expect(gained).to.deep.equal([-total, ...nodes.map(({ address }) => earned.get(address))]);
    expect(await balanceOf(market.deployment.market)).to.equal(0n);
    await room.levelWithChain();
    expect(await moneyOf(room, dealId)).to.include({
      remainingWei: '0',
      withdrawnWei: `${deposited - total}`,
    });
  });
});

async function aliveApi(mortal: MortalMarketplace): Promise<ApiClient> {
  const api = await eventually(
    async () => mortal.api,
    (found) => found !== undefined,
  );
  return api ?? expect.fail('there is one');
}

/** A marketplace that is away, or that was started a moment ago and has not heard all of the chain yet. */
function isAbsence(failure: unknown): boolean {
  const message = failure instanceof Error ? failure.message : '';
  return (
    failure instanceof TypeError ||
    failure instanceof SyntaxError ||
    /NOT_INDEXED_YET|EPOCH_NOT_ENDED|NO_NODE_AVAILABLE/.test(message)
  );
}

async function answered(room: DealRoom, answer: ReturnType<DealRoom['settle']>): Promise<SettlementAnswer> {
  return room.api.ok<SettlementAnswer>(answer);
}

async function moneyOf(room: DealRoom, dealId: DealId): Promise<object> {
  const money = await room.api.ok<{
    depositedWei: string;
    withdrawnWei: string;
    totals: { paidWei: string; meteredWei: string; lostWei: string; remainingWei: string };
  }>(room.api.get(`/v1/deals/${dealId}/money`, '/v1/deals/{dealId}/money'));
  const { paidWei, meteredWei, lostWei, remainingWei } = money.totals;
  return {
    ...{ depositedWei: money.depositedWei, withdrawnWei: money.withdrawnWei },
    ...{ paidWei, meteredWei, lostWei, remainingWei },
  };
}
