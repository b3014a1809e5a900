import { setTimeout as pause } from 'node:timers/promises';

import { sha256 } from '@noble/hashes/sha2.js';
import { expect, use } from 'chai';
import chaiAsPromised from 'chai-as-promised';

import { bytesToHex, utf8ToBytes } from '../../../../sdk/protocol/bytes.ts';
import { systemClock } from '../../../../node/adapters/clock/system-clock.ts';
import { systemRandomness } from '../../../../node/adapters/randomness/system-randomness.ts';
import { RingNode } from '../../../../node/app/ring/ring-node.ts';
import { eventually, RING_PROTOCOL, RingFixture, type TestEdge } from './ring-fixture.ts';

use(chaiAsPromised);

const key = (name: string): Uint8Array => sha256(utf8ToBytes(`content ${name}`));

function aliveCount(edge: TestEdge): number {
  return edge.node.members().filter((member) => member.state === 'alive').length;
}

function providerKeys(providers: readonly { readonly publicKey: Uint8Array }[]): string[] {
  return providers.map((provider) => bytesToHex(provider.publicKey));
}

describe('ring node: eight edges over libp2p', function () {
  this.timeout(60_000);
  const fixture = new RingFixture();
  let edges: TestEdge[] = [];

  before(async () => {
    edges = await fixture.ring(8);
    await eventually(
      'eight members in every table',
      () => edges.every((edge) => aliveCount(edge) === 8),
      10_000,
    );
  });

  after(async () => {
    await fixture.close();
  });

  function edgeAt(index: number): TestEdge {
    const edge = edges[index];
    if (edge === undefined) throw new RangeError(`No edge ${index}.`);
    return edge;
  }

  it('names the provider of a content in one hop, from every edge', async () => {
    await edgeAt(3).node.provide(key('film'));
    await eventually(
      'five replicas',
      () => edges.filter((edge) => edge.node.stats().indexKeys > 0).length >= 5,
      5_000,
    );
    for (const edge of edges) {
      const answer = await edge.node.lookup(key('film'));
      expect(providerKeys(answer.providers)).to.deep.equal([bytesToHex(edgeAt(3).privateKey.publicKey.raw)]);
      expect(answer.hops).to.be.at.most(1);
      expect(answer.providers[0]?.addresses).to.deep.equal(['/dns4/edge-3.example/tcp/443/https']);
    }
  });

  it('answers an unknown key with nobody, not with an error', async () => {
    const answer = await edgeAt(1).node.lookup(key('nobody has this'));
    expect(answer.providers).to.have.length(0);
  });

  it('names the provider of the own region first', async () => {
    for (const index of [0, 1, 2]) await edgeAt(index).node.provide(key('everywhere'));
    const ready = async (edge: TestEdge): Promise<number> =>
      (await edge.node.lookup(key('everywhere'))).providers.length;
    for (const index of [3, 4, 5]) {
      const asker = edgeAt(index);
      // A store may have to open its stream first; lookups are asked until all three have arrived.
      while ((await ready(asker)) < 3) await pause(5);
      const answer = await asker.node.lookup(key('everywhere'));
      const own = fixture.registry.nidOf(asker.privateKey.publicKey.raw)?.region;
      expect(answer.providers[0]?.region).to.equal(own);
    }
  });

  it('answers on kept streams fast', async function () {
    const delaysMs: number[] = [];
    const asker = edgeAt(6);
    const heldKeys = (): number => edges.reduce((sum, edge) => sum + edge.node.stats().indexKeys, 0);
    const heldBefore = heldKeys();
    for (let i = 0; i < 40; i++) await edgeAt(i % 8).node.provide(key(`measured ${i}`));
    await eventually('stored', () => heldKeys() >= heldBefore + 40 * 5, 5_000);
    for (let i = 0; i < 400; i++) {
      const beginMs = performance.now();
      const answer = await asker.node.lookup(key(`measured ${i % 40}`));
      if (answer.hops === 1) delaysMs.push(performance.now() - beginMs);
      expect(answer.providers).to.have.length(1);
      expect(answer.hops).to.be.at.most(1);
    }
    delaysMs.sort((a, b) => a - b);
    const at = (share: number): number => delaysMs[Math.floor(delaysMs.length * share)] ?? Infinity;
    const figures = [0.5, 0.9, 0.99].map((share) => at(share).toFixed(2)).join(' / ');
    if (this.test !== undefined) {
      this.test.title += ` (${delaysMs.length} remote lookups, p50 / p90 / p99 ${figures} ms)`;
    }
    expect(at(0.5)).to.be.lessThan(10);
  });

  it('heals its tables after one edge is killed, and still answers right', async () => {
    const victim = edgeAt(5);
    const killed = victim.node.nid;
    await fixture.kill(victim);
    const left = edges.filter((edge) => edge !== victim);
    const during = await edgeAt(0).node.lookup(key('film'));
    expect(during.providers).to.have.length(1);
    const sees = (edge: TestEdge): boolean =>
      aliveCount(edge) === 7 &&
      edge.node.members().some((member) => member.nid === killed && member.state === 'failed');
    await eventually('the dead edge gone from every table', () => left.every(sees), 15_000);
    for (const edge of left) {
      const answer = await edge.node.lookup(key('film'));
      expect(providerKeys(answer.providers)).to.deep.equal([bytesToHex(edgeAt(3).privateKey.publicKey.raw)]);
      expect(answer.hops).to.be.at.most(1);
    }
  });

  it('lets an edge leave: the others know at once and keep its index', async () => {
    const leaver = edgeAt(6);
    const nid = leaver.node.nid;
    await leaver.node.stop();
    const left = edges.filter((edge) => edge !== leaver && edge !== edgeAt(5));
    const sees = (edge: TestEdge): boolean =>
      edge.node.members().some((member) => member.nid === nid && member.state === 'left');
    await eventually('the departure known', () => left.every(sees), 5_000);
    const answer = await edgeAt(2).node.lookup(key('film'));
    expect(answer.providers).to.have.length(1);
    await expect(leaver.node.lookup(key('film'))).to.be.rejected.and.eventually.include({
      code: 'RING_NOT_RUNNING',
    });
  });
});

describe('ring node: refusals', () => {
  const fixture = new RingFixture();

  after(async () => {
    await fixture.close();
  });

  it('refuses a seed that names no peer', async () => {
    const { node } = await fixture.edge();
    await expect(node.start(['/ip4/127.0.0.1/tcp/1'])).to.be.rejected.and.eventually.deep.include({
      code: 'RING_SEED_MALFORMED',
      values: { address: '/ip4/127.0.0.1/tcp/1' },
    });
  });

  it('refuses to start with a key that the registry does not list', async () => {
    const { host, privateKey } = await fixture.host();
    const node = new RingNode(
      { host, privateKey, admission: fixture.registry, clock: systemClock, randomness: systemRandomness },
      { protocol: RING_PROTOCOL, providerAddresses: [] },
    );
    await expect(node.start([])).to.be.rejected.and.eventually.include({ code: 'RING_SELF_NOT_ADMITTED' });
  });

  it('refuses everything before it runs', async () => {
    const { node } = await fixture.edge();
    await expect(node.provide(key('x'))).to.be.rejected.and.eventually.include({ code: 'RING_NOT_RUNNING' });
    expect(() => node.stats())
      .to.throw()
      .that.includes({ code: 'RING_NOT_RUNNING' });
    expect(node.members()).to.deep.equal([]);
  });
});
