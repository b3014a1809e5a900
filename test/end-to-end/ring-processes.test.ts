import { setTimeout as sleep } from 'node:timers/promises';

import { sha256 } from '@noble/hashes/sha2.js';
import { expect } from 'chai';

import { bytesToHex, utf8ToBytes } from '../../sdk/protocol/bytes.ts';
import { split } from '../../scripts/ring-lab/network-shape.ts';
import { RingLab, type RingLabOptions } from '../../scripts/ring-lab/ring-lab.ts';

const SEED = 20_261_121;
const NODES = 7;
/** Far beyond what is expected; a busy machine may take long, a broken ring would never do it. */
const LIMIT_MS = 45_000;
/** Every node but this one may be hurt: it provides what the others ask for. */
const PROVIDER = 0;
const VICTIM = 3;

const keys = (name: string, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => sha256(utf8ToBytes(`${name} ${i}`)));

function publicKeyOf(lab: RingLab, node: number): string {
  return bytesToHex(lab.identity(node).key.publicKey.raw);
}

/** Each node is a process of its own, over TCP, Noise and yamux, with the protocol's own times. */
describe(`ring of ${NODES} processes (seed ${SEED})`, function () {
  this.timeout(120_000);
  let lab: RingLab | undefined;

  afterEach(async () => {
    await lab?.stop();
    lab = undefined;
  });

  async function ring(options: Partial<RingLabOptions> = {}): Promise<RingLab> {
    const made = new RingLab({ nodes: NODES, seed: SEED, link: { delayMs: 5 }, ...options });
    lab = made;
    await made.start();
    await made.joinAll(Array.from({ length: NODES }, (_, node) => node));
    await made.until('equal tables', async () => made.tablesRight(), LIMIT_MS);
    return made;
  }

  async function provide(made: RingLab, node: number, provided: readonly Uint8Array[]): Promise<void> {
    for (const key of provided) await made.process(node).ask('provide', { node, key });
  }

  async function finds(made: RingLab, node: number, key: Uint8Array, provider: number): Promise<boolean> {
    const { providers } = await made.process(node).ask('lookup', { node, key });
    return providers?.includes(publicKeyOf(made, provider)) === true;
  }

  /** Every member finds every key. */
  async function everybodyFinds(
    made: RingLab,
    wanted: readonly Uint8Array[],
    provider: number,
  ): Promise<boolean> {
    for (const node of made.members) {
      for (const key of wanted) if (!(await finds(made, node, key, provider))) return false;
    }
    return true;
  }

  async function saysFailed(made: RingLab, node: number, subject: number): Promise<boolean> {
    const { nid } = made.identity(subject).edge;
    return (await made.table(node)).some((member) => member.nid === nid && member.state === 'failed');
  }

  async function allSayFailed(made: RingLab, subject: number): Promise<boolean> {
    const others = made.members.filter((node) => node !== subject);
    return (await Promise.all(others.map(async (node) => saysFailed(made, node, subject)))).every(Boolean);
  }

  it('heals after SIGKILL while every lookup is answered, and two witnesses sign', async () => {
    const made = await ring();
    const wanted = keys('kill', 20);
    await provide(made, PROVIDER, wanted);
    await made.until('replicas', async () => everybodyFinds(made, wanted, PROVIDER), LIMIT_MS);
    const askers = made.members.filter((node) => node !== VICTIM);
    const provider = publicKeyOf(made, PROVIDER);
    for (const node of askers) {
      await made.process(node).ask('ask', { node, keys: wanted, provider, pauseMs: 20 });
    }
    await made.changes();
    await made.kill(VICTIM);
    await made.until('failed in every table', async () => allSayFailed(made, VICTIM), LIMIT_MS);
    for (const node of askers) {
      const { count, failed } = await made.process(node).ask('asked', { node });
      expect({ node, failed }).to.deep.equal({ node, failed: 0 });
      expect(count).to.be.above(0);
    }
    const failures = (await made.changes()).filter(({ state }) => state === 'failed');
    expect(failures).to.have.length(askers.length);
    for (const { subject, witnesses } of failures) {
      expect(subject).to.equal(made.identity(VICTIM).edge.nid);
      expect(witnesses).to.be.at.least(2);
    }
    expect(await made.tablesRight()).to.equal(true);
  });

  it('does not take five seconds of SIGSTOP for a failure', async () => {
    const made = await ring();
    await made.changes();
    made.process(VICTIM).pause();
    // The length of the stall is what is tested, not a wait for something to happen.
    await sleep(5_000);
    made.process(VICTIM).resume();
    await made.until('equal tables', async () => made.tablesRight(), LIMIT_MS);
    const states = (await made.changes()).map(({ state }) => state);
    expect(states).to.not.include('failed');
  });

  it('takes a member back that was stopped for so long that it was given up', async () => {
    const made = await ring();
    made.process(VICTIM).pause();
    await made.until('failed in every table', async () => allSayFailed(made, VICTIM), LIMIT_MS);
    const wanted = keys('absence', 5);
    await provide(made, PROVIDER, wanted);
    made.process(VICTIM).resume();
    await made.until('alive in every table again', async () => made.tablesRight(), LIMIT_MS);
    await made.until('what it missed', async () => everybodyFinds(made, wanted, PROVIDER), LIMIT_MS);
  });

  it('joins, looks up and spreads the news over 50 ms each way with 3 % loss', async () => {
    const made = await ring({ nodes: NODES + 1, link: { delayMs: 50, jitterMs: 10, lossRate: 0.03 } });
    const wanted = keys('loss', 5);
    await provide(made, PROVIDER, wanted);
    await made.until('found everywhere', async () => everybodyFinds(made, wanted, PROVIDER), LIMIT_MS);
    await made.join(NODES);
    await made.until('the newcomer in every table', async () => made.tablesRight(), LIMIT_MS);
    await made.leave(VICTIM);
    await made.until('the departure in every table', async () => made.tablesRight(), LIMIT_MS);
    expect(await everybodyFinds(made, wanted, PROVIDER)).to.equal(true);
  });

  it('becomes one ring again after a split, with what each half was given meanwhile', async () => {
    const made = await ring();
    const one = [0, 2, 4];
    const other = made.members.filter((node) => !one.includes(node));
    const peers = (nodes: readonly number[]): string[] => nodes.map((node) => made.identity(node).peer);
    await made.cut(split(peers(one), peers(other)));
    const parted = async (): Promise<boolean> => {
      for (const node of one)
        for (const lost of other) if (!(await saysFailed(made, node, lost))) return false;
      for (const node of other)
        for (const lost of one) if (!(await saysFailed(made, node, lost))) return false;
      return true;
    };
    await made.until('two rings', parted, LIMIT_MS);
    const [ofOne, ofOther] = [keys('one half', 5), keys('other half', 5)];
    await provide(made, 2, ofOne);
    await provide(made, 5, ofOther);
    await made.cut([]);
    await made.until('one ring', async () => made.tablesRight(), LIMIT_MS);
    await made.until('the first half’s records', async () => everybodyFinds(made, ofOne, 2), LIMIT_MS);
    await made.until('the other half’s records', async () => everybodyFinds(made, ofOther, 5), LIMIT_MS);
  });
});
