import { expect } from 'chai';

import { bytesToHex, equalBytes } from '../../../../sdk/protocol/bytes.ts';
import { AckTimeout } from '../../../../node/core/one-hop-ring/ack-timeout.ts';
import { arcBits, arcOf, leaderOf } from '../../../../node/core/one-hop-ring/arcs.ts';
import { CoveredEvents } from '../../../../node/core/one-hop-ring/covered-events.ts';
import { WHOLE_RING } from '../../../../node/core/one-hop-ring/id-interval.ts';
import {
  COVERED_MEMORY_MS,
  DEFAULT_TIMING,
  MAX_PACED_DUTIES,
} from '../../../../node/core/one-hop-ring/limits.ts';
import type { MembershipEvent } from '../../../../node/core/one-hop-ring/membership-event.ts';
import { PacedDuties } from '../../../../node/core/one-hop-ring/paced-duties.ts';
import type { RingAction } from '../../../../node/core/one-hop-ring/ring-ports.ts';
import { recordAt, smallId } from './ring-samples.ts';
import { seededRandom, VirtualNetwork, type VirtualNode } from './virtual-network.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${i}`);
const event = (incarnation: number): MembershipEvent => ({ kind: 'record', record: recordAt(incarnation) });
const arc = { from: smallId(1), to: smallId(2) };

/** How long until every live node knows the new incarnation of `origin`; Infinity if not within 5 s. */
function spreadMs(network: VirtualNetwork, origin: VirtualNode): number {
  const startMs = network.nowMs;
  const { nid } = origin.machine;
  const addresses = ['/ip4/203.0.113.9/tcp/4001'];
  network.act(origin, { type: 'addresses', addresses, providerAddresses: [] });
  const incarnation = origin.machine.table.find(nid)?.incarnation;
  const known = (): boolean =>
    network.alive.every((node) => node.machine.table.find(nid)?.incarnation === incarnation);
  return network.runUntil(known, 5_000) ? network.nowMs - startMs : Infinity;
}

function sent(actions: readonly RingAction[], kind: string): number {
  return actions.filter((action) => action.type === 'send' && action.message.kind === kind).length;
}

describe('dissemination', function () {
  this.timeout(30_000);

  it('reaches 300 members within four hops, and a lone event waits for no batch', () => {
    const network = new VirtualNetwork(31);
    network.adoptNodes(names(300));
    for (const origin of [0, 99, 210].map((index) => network.nodes[index])) {
      if (origin === undefined) continue;
      // 10 to 20 ms a hop, four hops; a batch alone would take 250 ms.
      expect(spreadMs(network, origin)).to.be.at.most(80);
      network.run(1_000);
    }
  });

  it('reaches every live member within five round trips when 30 % died a moment ago', () => {
    const network = new VirtualNetwork(32);
    network.delayMs = 50;
    const nodes = network.adoptNodes(names(300));
    const random = seededRandom(7);
    for (const node of nodes) node.crashed = random() < 0.3;
    const [origin] = network.alive;
    // Two takeovers of 150 ms each or, where a delay is known, 1.5 times that; then one hop of 50 to 100 ms.
    expect(origin && spreadMs(network, origin)).to.be.at.most(1_000);
  });

  it('reaches nearly every member by the tree although one message of ten is lost, the others by repair', () => {
    const seeds = [33, 101, 303, 404];
    const times = seeds.map((seed) => {
      const network = new VirtualNetwork(seed);
      const [origin] = network.adoptNodes(names(200));
      network.lossRate = 0.1;
      return origin === undefined ? Infinity : spreadMs(network, origin);
    });
    // A member gets up to three messages: of 200, one is missed in every fifth run. Then two keep-alives, a second
    // apart, show that its table differs, and the repair may lose a question, which takes 1.5 s.
    for (const ms of times) expect(ms).to.be.lessThan(3_500);
    expect(times.filter((ms) => ms < 600).length).to.be.at.least(2);
  });

  it('learns how long its children take, and stops taking over from them', () => {
    const network = new VirtualNetwork(34);
    const [origin] = network.adoptNodes(names(60));
    if (origin === undefined) throw new RangeError('The ring is empty.');
    // 280 to 560 ms for a round trip, longer than the first guess.
    network.delayMs = 140;
    const spreads = Array.from({ length: 12 }, () => {
      for (const node of network.nodes) node.receivedSpreads = 0;
      spreadMs(network, origin);
      network.run(2_000);
      return network.nodes.reduce((sum, node) => sum + node.receivedSpreads, 0);
    });
    expect(spreads[0]).to.be.greaterThan(120);
    // Everybody once, and the leader by the discoverer.
    expect(spreads.at(-1)).to.be.within(60, 75);
  });

  it('acts as the leader when its own is dead, and only once', () => {
    const network = new VirtualNetwork(37);
    const nodes = network.adoptNodes(names(60));
    const arcOfNode = (node: VirtualNode): number => arcOf(node.machine.nid, arcBits(60));
    const leaderNid = (node: VirtualNode): Uint8Array | undefined =>
      leaderOf(node.machine.table, arcOfNode(node))?.nid;
    const origin = nodes.find((node) => !equalBytes(leaderNid(node) ?? new Uint8Array(), node.machine.nid));
    const leader = nodes.find(
      (node) => origin !== undefined && equalBytes(node.machine.nid, leaderNid(origin) ?? new Uint8Array()),
    );
    if (origin === undefined || leader === undefined) throw new RangeError('Every arc has one member.');
    leader.crashed = true;
    expect(spreadMs(network, origin)).to.be.lessThan(500);
    network.run(2 * network.timing.relayConfirmMs);
    // Everybody alive but the origin once; a detected failure would come on top, so the origin's event is counted.
    const repeated = network.alive
      .filter((node) => node !== origin)
      .map((node) => node.recordsOf.get(bytesToHex(origin.machine.nid)) ?? 0);
    expect(Math.max(...repeated)).to.equal(1);
  });

  it('takes no newcomer for a leader while reaching it needs a dial', () => {
    const network = new VirtualNetwork(36);
    const nodes = network.adoptNodes(names(40));
    const [first] = nodes;
    if (first === undefined) throw new RangeError('The ring is empty.');
    let newcomer = network.addNode('newcomer-0', [first]);
    const leads = (): boolean => {
      const { table } = first.machine;
      const leader = leaderOf(table, arcOf(newcomer.machine.nid, arcBits(table.ringSize)));
      return leader !== undefined && equalBytes(leader.nid, newcomer.machine.nid);
    };
    network.runUntil(() => first.machine.table.isInRing(newcomer.machine.nid), 5_000);
    for (let i = 1; !leads(); i++) {
      newcomer = network.addNode(`newcomer-${i}`, [first]);
      network.runUntil(() => first.machine.table.isInRing(newcomer.machine.nid), 5_000);
    }
    network.run(500);
    const asked: boolean[] = [];
    for (const node of nodes) {
      if (arcOf(node.machine.nid, 4) !== arcOf(newcomer.machine.nid, 4)) continue;
      if (!Number.isNaN(node.machine.table.find(newcomer.machine.nid)?.delayMs)) continue;
      const load = {
        type: 'addresses',
        addresses: ['/ip4/203.0.113.9/tcp/1'],
        providerAddresses: [],
      } as const;
      for (const action of node.machine.handle(load, network.nowMs)) {
        if (action.type !== 'send' || action.message.kind !== 'spread') continue;
        asked.push(equalBytes(action.to.publicKey, newcomer.contact.publicKey));
      }
    }
    expect(asked).to.not.be.empty.and.not.include(true);
  });

  it('passes an event that comes twice on only once', () => {
    const network = new VirtualNetwork(35);
    const [node, sender] = network.adoptNodes(names(50)) as [VirtualNode, VirtualNode];
    const record = network.recordOf(sender, 2_000);
    const message = (requestId: number) =>
      ({
        type: 'message' as const,
        from: sender.contact.publicKey,
        message: {
          kind: 'spread' as const,
          requestId,
          interval: WHOLE_RING,
          events: [{ kind: 'record' as const, record }],
        },
      }) as const;
    const first = node.machine.handle(message(1), network.nowMs);
    expect(sent(first, 'spread')).to.be.greaterThan(10);
    const second = node.machine.handle(message(2), network.nowMs + 1_000);
    expect(sent(second, 'spread')).to.equal(0);
    expect(sent(second, 'acknowledgement')).to.equal(1);
  });

  it('acknowledges nothing that names somebody unknown, asks for the registry, and passes the rest on', () => {
    const network = new VirtualNetwork(36);
    const [node, sender] = network.adoptNodes(names(50)) as [VirtualNode, VirtualNode];
    const events = [{ kind: 'record' as const, record: network.recordOf(sender, 2_000) }];
    const actions = node.machine.handle(
      {
        type: 'message',
        from: sender.contact.publicKey,
        message: { kind: 'spread', requestId: 5, interval: WHOLE_RING, events, unknownNames: 1 },
      },
      network.nowMs,
    );
    expect(sent(actions, 'acknowledgement')).to.equal(0);
    expect(sent(actions, 'spread')).to.be.greaterThan(10);
    expect(actions.map((action) => action.type)).to.include('registry-wanted');
  });
});

describe('paced duties', () => {
  it('let the first event go at once and what follows together, none later than the delay', () => {
    const paced = new PacedDuties(250);
    expect(paced.add({ interval: arc, events: [event(1)] }, 1_000)?.events).to.have.length(1);
    expect(paced.nextMs()).to.equal(Infinity);
    expect(paced.add({ interval: arc, events: [event(2)] }, 1_010)).to.equal(undefined);
    expect(paced.add({ interval: arc, events: [event(3), event(2)] }, 1_200)).to.equal(undefined);
    expect(paced.nextMs()).to.equal(1_250);
    expect(paced.due(1_249)).to.deep.equal([]);
    expect(paced.due(1_250).map((duty) => duty.events.length)).to.deep.equal([2]);
    expect(paced.add({ interval: arc, events: [event(4)] }, 1_260)).to.equal(undefined);
    expect(paced.due(1_500)).to.have.length(1);
    expect(paced.add({ interval: arc, events: [event(5)] }, 1_800)?.events).to.have.length(1);
  });

  it('keep duties apart, but know the whole ring by any equal ends', () => {
    const paced = new PacedDuties(250);
    paced.add({ interval: WHOLE_RING, events: [event(1)] }, 0);
    expect(paced.add({ interval: arc, events: [event(1)] }, 1)).to.not.equal(undefined);
    expect(paced.add({ interval: { from: arc.to, to: arc.to }, events: [event(2)] }, 2)).to.equal(undefined);
  });

  it('stay bounded: one duty too many goes at once, again and again', () => {
    const paced = new PacedDuties(250);
    for (let i = 0; i <= MAX_PACED_DUTIES; i++) {
      const from = new Uint8Array(32).fill(1, 0, 1).fill(i, 1, 2);
      paced.add({ interval: { from, to: arc.to }, events: [event(1)] }, 0);
    }
    const last = { from: new Uint8Array(32).fill(1, 0, 1).fill(MAX_PACED_DUTIES, 1, 2), to: arc.to };
    expect(paced.add({ interval: last, events: [event(2)] }, 1)).to.not.equal(undefined);
  });
});

describe('covered events', () => {
  it('are not covered twice, unless the second duty goes further', () => {
    const covered = new CoveredEvents();
    expect(covered.takeNew(arc, [event(1)], 0)).to.have.length(1);
    expect(covered.takeNew(arc, [event(1), event(2)], 10)).to.deep.equal([event(2)]);
    expect(covered.takeNew({ from: arc.from, to: smallId(3) }, [event(1)], 20)).to.have.length(1);
    expect(covered.takeNew(arc, [event(1)], 30)).to.have.length(0);
  });

  it('are forgotten in the end', () => {
    const covered = new CoveredEvents();
    covered.takeNew(arc, [event(1)], 0);
    expect(covered.takeNew(arc, [event(1)], COVERED_MEMORY_MS)).to.have.length(0);
    expect(covered.takeNew(arc, [event(1)], 3 * COVERED_MEMORY_MS)).to.have.length(1);
  });
});

describe('acknowledgement timeout', () => {
  it('begins with a first guess, then follows the delays, within its bounds', () => {
    const timeout = new AckTimeout(DEFAULT_TIMING);
    expect(timeout.forChild(Number.NaN)).to.equal(150);
    for (let i = 0; i < 50; i++) timeout.observe(120);
    expect(timeout.forChild(Number.NaN)).to.be.closeTo(180, 1);
    expect(timeout.forChild(200)).to.equal(300);
    expect(timeout.forChild(1)).to.be.closeTo(120, 1);
    expect(timeout.forChild(9_000)).to.equal(4_000);
    for (let i = 0; i < 20; i++) timeout.observe(i % 2 === 0 ? 20 : 220);
    expect(timeout.forChild(Number.NaN)).to.be.within(300, 700);
  });
});
