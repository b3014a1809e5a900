import { expect } from 'chai';

import { hexToBytes } from '../../../../sdk/protocol/bytes.ts';
import { MAX_CHANGED_FINGERPRINTS } from '../../../../node/core/cooperation-group/group-limits.ts';
import type { ContentRoute } from '../../../../node/core/cooperation-group/group-ports.ts';
import { contentKey, VirtualGroups, type VirtualEdge } from './virtual-groups.ts';

const film = contentKey('film');

/** Two regions: `a0`, `a1`, … in one, `b0`, `b1`, … in the other. */
function twoRegions(each = 3): { groups: VirtualGroups; a: VirtualEdge[]; b: VirtualEdge[] } {
  const groups = new VirtualGroups({ seed: 7 });
  const make = (prefix: string, region: string): VirtualEdge[] =>
    Array.from({ length: each }, (_, i) => groups.add(`${prefix}${i}`, region));
  return { groups, a: make('a', 'eu-west'), b: make('b', 'us-east') };
}

function at(edges: readonly VirtualEdge[], index: number): VirtualEdge {
  const edge = edges[index];
  if (edge === undefined) throw new RangeError(`No edge ${index}.`);
  return edge;
}

function names(route: ContentRoute | undefined): string[] {
  return (route?.servers ?? []).map(({ addresses }) => addresses[0]?.split('/')[2]?.split('.')[0] ?? '');
}

describe('cooperation group', () => {
  it('finds content on a sibling without asking the ring, one hop away', () => {
    const { groups, a } = twoRegions();
    groups.start();
    groups.place(at(a, 1), film);
    groups.run(5_000);
    const route = groups.route(at(a, 0), film);
    expect(names(route)).to.deep.equal(['a1']);
    expect(route).to.deep.include({ hops: 1, lookupHops: 0 });
    expect(route?.servers[0]).to.include({ reason: 'own-group', load: 0, delayMs: 40 });
    expect(at(a, 0).lookups).to.equal(0);
    expect(at(a, 0).group.counters).to.include({ routedGroup: 1, routedRing: 0 });
  });

  it('serves what it holds itself, without any hop', () => {
    const { groups, a } = twoRegions();
    groups.start();
    groups.place(at(a, 0), film);
    expect(groups.route(at(a, 0), film)).to.deep.include({ hops: 0, lookupHops: 0 });
    expect(at(a, 0).group.counters.routedOwn).to.equal(1);
  });

  it('asks the ring for content of another group: two hops', () => {
    const { groups, a, b } = twoRegions();
    groups.start();
    groups.place(at(b, 2), film);
    groups.run(5_000);
    const route = groups.route(at(a, 0), film);
    expect(names(route)).to.deep.equal(['b2']);
    expect(route).to.deep.include({ hops: 2, lookupHops: 1 });
    expect(route?.servers[0]?.reason).to.equal('ring');
  });

  it('falls through to the ring when a claim is stale, and does not believe it again', () => {
    const { groups, a, b } = twoRegions();
    groups.start();
    groups.place(at(a, 1), film);
    groups.place(at(b, 0), film);
    groups.run(5_000);
    at(a, 1).holds.delete(film);
    groups.published.get(film)?.delete(at(a, 1));
    const first = groups.route(at(a, 0), film);
    expect(names(first)).to.deep.equal(['a1']);
    groups.handle(at(a, 0), {
      type: 'refused',
      publicKey: at(a, 1).server.publicKey,
      key: hexToBytes(film),
    });
    expect(names(groups.route(at(a, 0), film))).to.deep.equal(['b0']);
    expect(at(a, 0).group.counters).to.include({ falsePositives: 1, routedGroup: 1, routedRing: 1 });
    groups.run(5_000);
    groups.place(at(a, 1), film);
    groups.run(5_000);
    expect(names(groups.route(at(a, 0), film)), 'its newer word counts again').to.deep.equal(['a1']);
  });

  it('prefers the less loaded sibling, as told within seconds', () => {
    const { groups, a } = twoRegions(4);
    groups.start();
    groups.place(at(a, 1), film);
    groups.place(at(a, 2), film);
    at(a, 1).load = 200;
    groups.run(3_000);
    expect(names(groups.route(at(a, 0), film))).to.deep.equal(['a2', 'a1']);
    at(a, 1).load = 10;
    at(a, 2).load = 250;
    groups.run(3_000);
    expect(names(groups.route(at(a, 0), film))).to.deep.equal(['a1', 'a2']);
  });

  it('spreads equal siblings', () => {
    const { groups, a } = twoRegions(4);
    groups.start();
    for (const index of [1, 2, 3]) groups.place(at(a, index), film);
    groups.run(3_000);
    const first = new Set(Array.from({ length: 40 }, () => names(groups.route(at(a, 0), film))[0]));
    expect([...first].sort()).to.deep.equal(['a1', 'a2', 'a3']);
  });

  it('does not name a silent or unreachable sibling', () => {
    const { groups, a } = twoRegions();
    groups.start();
    groups.place(at(a, 1), film);
    groups.place(at(a, 2), film);
    groups.run(5_000);
    at(a, 1).running = false;
    groups.handle(at(a, 0), { type: 'unreachable', publicKey: at(a, 1).server.publicKey });
    expect(names(groups.route(at(a, 0), film))).to.deep.equal(['a2']);
    at(a, 2).running = false;
    groups.run(30_000);
    expect(groups.route(at(a, 0), contentKey('other'))?.servers).to.have.length(0);
    groups.published.clear();
    expect(groups.route(at(a, 0), film)?.servers, 'silent for too long').to.have.length(0);
  });

  it('forgets members that the ring no longer lists', () => {
    const { groups, a } = twoRegions();
    groups.start();
    groups.run(1_000);
    expect(at(a, 0).group.figures.members).to.equal(2);
    at(a, 1).running = false;
    groups.tellMembers();
    expect(at(a, 0).group.figures.members).to.equal(1);
  });

  it('gives the claims of the group while the ring is silent, and nothing if there are none', () => {
    const { groups, a } = twoRegions();
    groups.start();
    groups.place(at(a, 1), film);
    groups.run(5_000);
    groups.isIndexSilent = true;
    expect(names(groups.route(at(a, 0), film, 8))).to.deep.equal(['a1']);
    expect(groups.route(at(a, 0), contentKey('other'))).to.equal(undefined);
    expect(at(a, 0).group.counters.routedNowhere).to.equal(1);
  });

  it('names every server that the index knows when more are wanted, and none that it does not', () => {
    const { groups, a, b } = twoRegions();
    groups.start();
    for (const edge of [at(a, 1), at(b, 0), at(b, 1)]) groups.place(edge, film);
    at(a, 2).holds.add(film);
    groups.run(5_000);
    const route = groups.route(at(a, 0), film, 8);
    expect(names(route)).to.have.members(['a1', 'b0', 'b1']);
    expect(names(route)[0]).to.equal('a1');
    expect(route?.servers.map(({ reason }) => reason)).to.deep.equal(['own-group', 'ring', 'ring']);
  });

  it('has another group tell the loads that the index does not know', () => {
    const { groups, a, b } = twoRegions();
    groups.start();
    for (const index of [0, 1, 2]) groups.place(at(b, index), film);
    at(b, 0).load = 240;
    at(b, 1).load = 5;
    at(b, 2).load = 120;
    groups.run(5_000);
    const first = groups.route(at(a, 0), film);
    expect(first?.servers.every(({ load }) => load === 255)).to.equal(true);
    groups.run(100);
    const second = groups.route(at(a, 0), film);
    expect(names(second)).to.deep.equal(['b1', 'b2', 'b0']);
    expect(second?.servers.map(({ load }) => load)).to.deep.equal([5, 120, 240]);
    expect(second?.hops).to.equal(2);
    groups.run(60_000);
    expect(groups.route(at(a, 0), film)?.servers[0]?.load, 'not believed for ever').to.equal(255);
  });

  it('takes loads only from whom it asked, about whom it asked', () => {
    const { groups, a, b } = twoRegions();
    groups.start();
    for (const index of [0, 1]) groups.place(at(b, index), film);
    groups.run(5_000);
    groups.route(at(a, 0), film);
    const servers = [{ nid: at(b, 0).server.nid, load: 1, freeKiBps: 0 }];
    for (let requestId = 0; requestId < 3; requestId++) {
      groups.handle(at(a, 0), {
        type: 'message',
        from: at(b, 2).server.publicKey,
        message: { kind: 'located', requestId, servers },
      });
    }
    expect(groups.route(at(a, 0), film)?.servers[0]?.load).to.equal(255);
  });

  it('tells nothing to strangers and takes nothing from them', () => {
    const { groups, a, b } = twoRegions();
    groups.start();
    groups.place(at(a, 1), film);
    groups.run(5_000);
    const before = at(a, 1).sentMessages;
    for (const from of [at(b, 0).server.publicKey, new Uint8Array(32)]) {
      groups.handle(at(a, 1), { type: 'message', from, message: { kind: 'summary-request' } });
    }
    const key = hexToBytes(film);
    groups.handle(at(a, 1), {
      type: 'message',
      from: new Uint8Array(32),
      message: { kind: 'locate-request', requestId: 1, key },
    });
    expect(at(a, 1).sentMessages).to.equal(before);
    expect(at(a, 1).group.counters.strangers).to.equal(3);
  });

  it('limits the questions of another group', () => {
    const { groups, a, b } = twoRegions();
    groups.start();
    const key = hexToBytes(film);
    for (let requestId = 0; requestId < 200; requestId++) {
      groups.handle(at(a, 1), {
        type: 'message',
        from: at(b, 0).server.publicKey,
        message: { kind: 'locate-request', requestId, key },
      });
    }
    expect(at(a, 1).group.counters.throttled).to.be.within(100, 150);
  });

  it('takes no summary that it did not ask for', () => {
    const { groups, a } = twoRegions();
    groups.start();
    groups.run(5_000);
    const summary = { salt: 1, version: 1 };
    groups.handle(at(a, 0), {
      type: 'message',
      from: at(a, 1).server.publicKey,
      message: { kind: 'summary', summary, bits: 7, fingerprints: Uint32Array.of(1) },
    });
    expect(at(a, 0).group.figures.claimedContents).to.equal(0);
  });

  it('tells small changes as changes, and sends the whole again only when they do not fit', () => {
    const { groups, a } = twoRegions();
    for (let i = 0; i < 200; i++) at(a, 1).holds.add(contentKey(`first ${i}`));
    groups.start();
    groups.run(5_000);
    const before = at(a, 1).group.counters.summariesSent;
    expect(before).to.equal(2);
    for (let i = 0; i < 5; i++) at(a, 1).holds.add(contentKey(`second ${i}`));
    groups.run(5_000);
    expect(at(a, 1).group.counters.summariesSent).to.equal(before);
    expect(at(a, 0).group.counters.changesApplied).to.equal(1);
    expect(at(a, 0).group.figures.claimedContents).to.be.within(203, 205);
    for (let i = 0; i < MAX_CHANGED_FINGERPRINTS + 100; i++) at(a, 1).holds.add(contentKey(`third ${i}`));
    groups.run(5_000);
    expect(at(a, 1).group.counters.summariesSent).to.equal(before + 2);
  });

  it('asks again for a summary whose answer was lost', () => {
    const { groups, a } = twoRegions(2);
    at(a, 1).holds.add(film);
    groups.start();
    groups.run(2_500);
    const { publicKey } = at(a, 1).server;
    groups.handle(at(a, 0), {
      type: 'message',
      from: publicKey,
      message: {
        kind: 'state',
        load: 0,
        freeKiBps: 0,
        stampMs: 0,
        echo: undefined,
        summary: { salt: 99, version: 4 },
        change: undefined,
      },
    });
    const asked = at(a, 1).group.counters.summariesSent;
    groups.run(25_000);
    expect(at(a, 1).group.counters.summariesSent).to.be.greaterThan(asked);
    expect(names(groups.route(at(a, 0), film))).to.deep.equal(['a1']);
  });

  it('is quiet at rest: one small state to each member in ten seconds', () => {
    const { groups, a } = twoRegions(8);
    groups.start();
    groups.run(15_000);
    const sent = at(a, 0).sentMessages;
    const bytes = at(a, 0).sentBytes;
    groups.run(100_000);
    expect(at(a, 0).sentMessages - sent).to.be.within(7 * 8, 7 * 11);
    expect((at(a, 0).sentBytes - bytes) / 100 / 7, 'bytes for each member and second').to.be.below(4);
  });
});
