import { sha256 } from '@noble/hashes/sha2.js';
import { expect, use } from 'chai';
import chaiAsPromised from 'chai-as-promised';

import { bytesToHex, hexToBytes, utf8ToBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { parseAddress } from '../../../../sdk/protocol/identifiers.ts';
import { systemClock } from '../../../../node/adapters/clock/system-clock.ts';
import { groupProtocol } from '../../../../node/adapters/libp2p/ring-protocol.ts';
import { systemRandomness, uniform } from '../../../../node/adapters/randomness/system-randomness.ts';
import { GroupNode } from '../../../../node/app/group/group-node.ts';
import { RingNode } from '../../../../node/app/ring/ring-node.ts';
import type { ContentRoute, GroupCounters } from '../../../../node/core/cooperation-group/group-ports.ts';
import { eventually, RING_PROTOCOL, RingFixture, TEST_TIMING } from '../ring/ring-fixture.ts';

use(chaiAsPromised);

const GROUP_PROTOCOL = groupProtocol(31_337n, parseAddress(`0x${'5f'.repeat(20)}`));
/** Faster than production, slow enough for a busy machine. */
const TIMING = { changeIntervalMs: 200, restIntervalMs: 1_000, silenceMs: 4_000, requestTimeoutMs: 1_000 };

const film = bytesToHex(sha256(utf8ToBytes('content film')));
const song = bytesToHex(sha256(utf8ToBytes('content song')));

interface GroupEdge {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly region: string;
  readonly ring: RingNode;
  readonly group: GroupNode;
  readonly holds: Set<Hex>;
  readonly addresses: readonly string[];
  load: number;
}

/** Real hosts on free ports, joined to one ring, each in the group of its region. */
class GroupFixture {
  readonly edges: GroupEdge[] = [];
  readonly ring = new RingFixture();

  async start(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#add(i);
    for (const edge of this.edges) await edge.group.start();
    const size = (region: string): number => this.edges.filter((edge) => edge.region === region).length - 1;
    await eventually(
      'every member known to its group',
      () => this.edges.every(({ group, region }) => group.stats()?.members === size(region)),
      20_000,
    );
  }

  /** Stores a content and publishes it, as an edge does. */
  async place(edge: GroupEdge, key: Hex): Promise<void> {
    edge.holds.add(key);
    await edge.ring.provide(hexToBytes(key));
  }

  /** Waits until all of a region have been told how many contents the others hold. */
  async told(region: string, contents: number): Promise<void> {
    const members = this.edges.filter((edge) => edge.region === region);
    const isTold = (edge: GroupEdge): boolean => {
      const others = contents - edge.holds.size;
      return edge.group.stats()?.claimedContents === others;
    };
    await eventually(`${contents} contents known in ${region}`, () => members.every(isTold), 10_000);
  }

  async close(): Promise<void> {
    await Promise.all(this.edges.map(async ({ group }) => group.stop()));
    await Promise.all(this.edges.map(async ({ ring }) => ring.stop()));
    await this.ring.close();
  }

  async #add(index: number): Promise<void> {
    const { host, privateKey } = await this.ring.host();
    const { raw: publicKey } = privateKey.publicKey;
    const { registry: admission } = this.ring;
    const { region } = admission.register(publicKey);
    const addresses = [`/dns4/edge-${index}.example/tcp/443/https`];
    const ring = new RingNode(
      {
        host,
        privateKey,
        admission,
        clock: systemClock,
        randomness: systemRandomness,
        onMembership: (change) => {
          group.membershipChanged(change.region);
        },
      },
      { protocol: RING_PROTOCOL, providerAddresses: addresses, timing: TEST_TIMING },
    );
    const holds = new Set<Hex>();
    const group = new GroupNode(
      {
        host,
        ring,
        admission,
        clock: systemClock,
        random: () => uniform(systemRandomness),
        held: { keys: () => holds, has: (key) => holds.has(key) },
        standing: () => ({ load: edge.load, freeKiBps: 1_000 }),
        serviceAddressesOf: (key) => this.edges.find((each) => sameKey(each, key))?.addresses,
      },
      { protocol: GROUP_PROTOCOL, publicKey, addresses, timing: TIMING },
    );
    const edge: GroupEdge = {
      name: `edge-${index}`,
      publicKey,
      region,
      ring,
      group,
      holds,
      load: 0,
      addresses,
    };
    const [seed] = this.edges;
    await ring.start(seed === undefined ? [] : [this.#seed]);
    if (seed === undefined) this.#seed = host.getMultiaddrs()[0]?.toString() ?? '';
    this.edges.push(edge);
  }

  #seed = '';
}

function sameKey(edge: { readonly publicKey: Uint8Array }, key: Uint8Array): boolean {
  return bytesToHex(edge.publicKey) === bytesToHex(key);
}

describe('cooperation groups over libp2p: three regions', function () {
  this.timeout(60_000);
  const fixture = new GroupFixture();

  before(async () => {
    await fixture.start(8);
  });

  after(async () => {
    await fixture.close();
  });

  function edgeAt(index: number): GroupEdge {
    const edge = fixture.edges[index];
    if (edge === undefined) throw new RangeError(`No edge ${index}.`);
    return edge;
  }

  function names(route: ContentRoute): (string | undefined)[] {
    return route.servers.map(({ publicKey }) => fixture.edges.find((each) => sameKey(each, publicKey))?.name);
  }

  function counted(edge: GroupEdge): Pick<GroupCounters, 'routedOwn' | 'routedGroup' | 'routedRing'> {
    const { routedOwn = 0, routedGroup = 0, routedRing = 0 } = edge.group.stats() ?? {};
    return { routedOwn, routedGroup, routedRing };
  }

  it('finds content on a sibling without a lookup in the ring', async () => {
    const [asker, sibling] = [edgeAt(0), edgeAt(3)];
    await fixture.place(sibling, film);
    await fixture.told(asker.region, 1);
    const lookups = asker.ring.stats().lookups;
    const route = await asker.group.route(hexToBytes(film), 1);
    expect(names(route)).to.deep.equal(['edge-3']);
    expect(route).to.include({ hops: 1, lookupHops: 0 });
    expect(route.servers[0]).to.deep.include({
      reason: 'own-group',
      addresses: ['/dns4/edge-3.example/tcp/443/https'],
    });
    expect(asker.ring.stats().lookups).to.equal(lookups);
  });

  it('finds content of another region in two hops at most, from everywhere', async () => {
    for (const asker of fixture.edges) {
      const route = await asker.group.route(hexToBytes(film), 1);
      expect(names(route)).to.deep.equal(['edge-3']);
      expect(route.hops).to.be.at.most(asker.region === edgeAt(3).region ? 1 : 2);
      expect(asker.group.stats()?.beyondTwoHops).to.equal(0);
    }
    expect(counted(edgeAt(3))).to.deep.equal({ routedOwn: 1, routedGroup: 0, routedRing: 0 });
    expect(counted(edgeAt(1))).to.deep.equal({ routedOwn: 0, routedGroup: 0, routedRing: 1 });
  });

  it('falls through to the ring when a sibling lost what it claims', async () => {
    const [asker, sibling, far] = [edgeAt(0), edgeAt(6), edgeAt(2)];
    await fixture.place(sibling, song);
    await fixture.place(far, song);
    await fixture.told(asker.region, 2);
    expect(names(await asker.group.route(hexToBytes(song), 1))).to.deep.equal(['edge-6']);
    await sibling.ring.unprovide(hexToBytes(song));
    asker.group.refused(sibling.publicKey, hexToBytes(song));
    const route = await routeUntil(asker, hexToBytes(song), (found) => !names(found).includes('edge-6'));
    expect(names(route)).to.deep.equal(['edge-2']);
    expect(route.hops).to.be.at.most(2);
    expect(asker.group.stats()?.falsePositives).to.equal(1);
    sibling.holds.delete(song);
    await fixture.told(asker.region, 1);
  });

  /** Asks again until the news has spread. */
  async function routeUntil(
    asker: GroupEdge,
    key: Uint8Array,
    isRight: (route: ContentRoute) => boolean,
  ): Promise<ContentRoute> {
    let route = await asker.group.route(key, 1);
    const endMs = systemClock.nowMs() + 5_000;
    while (!isRight(route) && systemClock.nowMs() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      route = await asker.group.route(key, 1);
    }
    return route;
  }

  it('sends to the less loaded of two siblings, and measures the way to both', async () => {
    const [asker, busy, idle] = [edgeAt(1), edgeAt(4), edgeAt(7)];
    const key = sha256(utf8ToBytes('content on two'));
    for (const edge of [busy, idle]) await fixture.place(edge, bytesToHex(key));
    busy.load = 230;
    await fixture.told(asker.region, 2);
    const route = await routeUntil(asker, key, (found) => names(found)[0] === 'edge-7');
    expect(names(route)).to.deep.equal(['edge-7', 'edge-4']);
    for (const server of route.servers) expect(server.delayMs).to.be.within(0, 1_000);
  });

  it('tells the loads of its group to the ring, whose answers carry them', async () => {
    const busy = edgeAt(4);
    busy.load = 230;
    const key = hexToBytes(film);
    await eventually(
      'the load in the tables of the group',
      () => [edgeAt(1), edgeAt(7)].every(({ ring }) => loadIn(ring, busy) === 230),
      5_000,
    );
    expect((await edgeAt(1).ring.ask(key)).providers).to.have.length(1);
  });

  function loadIn(ring: RingNode, edge: GroupEdge): number | undefined {
    return ring.membersOf(edge.region).find(({ record }) => sameKey(edge, record.publicKey))?.load;
  }

  it('forgets a member that left', async () => {
    const [stays, goes] = [edgeAt(0), edgeAt(6)];
    await goes.group.stop();
    await goes.ring.stop();
    await eventually('one member less', () => stays.group.stats()?.members === 1, 10_000);
    await expect(goes.group.route(hexToBytes(film), 1)).to.be.rejected.and.eventually.include({
      code: 'RING_NOT_RUNNING',
    });
  });
});
