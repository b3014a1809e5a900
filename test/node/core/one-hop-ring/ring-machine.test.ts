import { sha256 } from '@noble/hashes/sha2.js';
import { expect } from 'chai';

import { bytesToHex, utf8ToBytes } from '../../../../sdk/protocol/bytes.ts';
import type { RingMessage } from '../../../../node/core/one-hop-ring/wire-message.ts';
import { believedRing, tablesAreTrue, VirtualNetwork, type VirtualNode } from './virtual-network.ts';

const key = (name: string): Uint8Array => sha256(utf8ToBytes(`content ${name}`));

/** A ring of `count` nodes that joined one after another. */
function ringOf(count: number, seed: number, lossRate = 0): VirtualNetwork {
  const network = new VirtualNetwork(seed);
  const first = network.addNode('node-0', []);
  network.lossRate = lossRate;
  for (let i = 1; i < count; i++) {
    const node = network.addNode(`node-${i}`, [first]);
    network.runUntil(() => node.joinedMs !== undefined, 20_000);
  }
  return network;
}

function nodeAt(network: VirtualNetwork, index: number): VirtualNode {
  const node = network.nodes[index];
  if (node === undefined) throw new RangeError(`No node ${index}.`);
  return node;
}

describe('ring machine: membership', function () {
  this.timeout(30_000);

  it('fills the table of every member when fifty nodes join through one seed', () => {
    const network = ringOf(50, 1);
    expect(network.runUntil(() => tablesAreTrue(network), 5_000)).to.equal(true);
    expect(believedRing(nodeAt(network, 49))).to.have.length(50);
  });

  it('fills every table although 10 % of all messages are lost', () => {
    const network = ringOf(50, 2, 0.1);
    expect(network.runUntil(() => tablesAreTrue(network), 60_000)).to.equal(true);
  });

  it('forms one ring when six nodes start at once, each with all others as seeds', () => {
    const network = new VirtualNetwork(3);
    const plan = Array.from({ length: 6 }, (_, i) => `edge-${i}`);
    const early = plan.map((name) => network.addNode(name, network.nodes.slice()));
    network.runUntil(() => early.every((node) => node.joinedMs !== undefined), 20_000);
    expect(network.runUntil(() => tablesAreTrue(network), 30_000)).to.equal(true);
  });

  it('forgets a member that leaves, without suspecting it first', () => {
    const network = ringOf(20, 4);
    network.run(2_000);
    network.act(nodeAt(network, 7), { type: 'leave' });
    expect(network.runUntil(() => nodeAt(network, 7).left, 3_000)).to.equal(true);
    expect(network.runUntil(() => tablesAreTrue(network), 3_000)).to.equal(true);
    expect(network.alive.reduce((sum, node) => sum + node.machine.counters.suspicions, 0)).to.equal(0);
  });

  it('finds 15 of 50 nodes dead at once within 20 s and ends with true tables', () => {
    const network = ringOf(50, 5);
    network.run(3_000);
    for (let i = 0; i < 15; i++) nodeAt(network, 3 * i + 1).crashed = true;
    const startedMs = network.nowMs;
    expect(network.runUntil(() => tablesAreTrue(network), 20_000)).to.equal(true);
    expect(network.nowMs - startedMs).to.be.lessThan(20_000);
  });

  it('detects one dead member within 8 s', () => {
    const network = ringOf(30, 6);
    network.run(5_000);
    nodeAt(network, 11).crashed = true;
    expect(network.runUntil(() => tablesAreTrue(network), 8_000)).to.equal(true);
  });

  it('lets a member that was cut off for a while refute its death', () => {
    const network = ringOf(20, 7);
    network.run(2_000);
    const cut = nodeAt(network, 9);
    network.connected = (a, b) => a !== cut && b !== cut;
    network.run(15_000);
    expect(believedRing(nodeAt(network, 0))).to.have.length(19);
    network.connected = () => true;
    expect(network.runUntil(() => tablesAreTrue(network), 60_000)).to.equal(true);
    expect(cut.machine.counters.refutations).to.be.greaterThan(0);
  });

  for (const [stallToleranceMs, suspicions] of [
    [250, 0],
    [Infinity, 1],
  ] as const) {
    it(`raises ${suspicions} suspicion after standing still with a tolerance of ${stallToleranceMs} ms`, () => {
      const network = new VirtualNetwork(21, { stallToleranceMs });
      const first = network.addNode('node-0', []);
      const node = network.addNode('node-1', [first]);
      network.run(5_000);
      // Wakes reach the node, answers do not get their turn: what a blocked event loop looks like from inside.
      for (let i = 0; i < 5; i++) {
        network.nowMs += 5_000;
        network.act(node, { type: 'wake' });
      }
      expect(node.machine.counters.suspicions).to.equal(suspicions);
    });
  }

  it('takes a restarted node back with a newer incarnation', () => {
    const network = ringOf(12, 8);
    network.run(2_000);
    const old = nodeAt(network, 5);
    const before = old.machine.table.find(old.machine.nid)?.incarnation ?? 0;
    old.crashed = true;
    network.run(300);
    const again = network.addNode('node-5', [nodeAt(network, 0)]);
    expect(network.runUntil(() => again.joinedMs !== undefined && tablesAreTrue(network), 10_000)).to.equal(
      true,
    );
    network.run(1_000);
    const entry = nodeAt(network, 0).machine.table.find(again.machine.nid);
    expect(entry?.incarnation).to.be.greaterThan(before);
    expect(entry?.incarnation).to.equal(again.machine.table.find(again.machine.nid)?.incarnation);
  });

  it('becomes one ring again after a split in two halves, with all records', () => {
    const network = ringOf(20, 16);
    network.run(2_000);
    for (let i = 0; i < 20; i++) network.act(nodeAt(network, i), { type: 'provide', key: key(`half ${i}`) });
    network.run(1_000);
    const half = new Set(network.nodes.slice(0, 10));
    network.connected = (a, b) => half.has(a) === half.has(b);
    network.run(60_000);
    expect(believedRing(nodeAt(network, 0))).to.have.length(10);
    expect(believedRing(nodeAt(network, 19))).to.have.length(10);
    network.connected = () => true;
    expect(network.runUntil(() => tablesAreTrue(network), 60_000)).to.equal(true);
    network.run(2_000);
    for (let i = 0; i < 20; i++) {
      expect(network.lookup(nodeAt(network, 19 - i), key(`half ${i}`)).providers).to.have.length(1);
    }
  });

  it('takes in thirty nodes that join at the same moment', () => {
    const network = new VirtualNetwork(17);
    const first = network.addNode('node-0', []);
    for (let i = 1; i < 30; i++) network.addNode(`node-${i}`, [first]);
    expect(network.runUntil(() => tablesAreTrue(network), 20_000)).to.equal(true);
  });

  it('refuses a node that the registry does not list', () => {
    const network = ringOf(5, 9);
    const stranger = network.addNode('stranger', [nodeAt(network, 0)]);
    network.registry.remove(stranger.contact.publicKey);
    network.run(3_000);
    expect(stranger.joinedMs).to.equal(undefined);
    expect(nodeAt(network, 0).machine.counters.strangers).to.be.greaterThan(0);
    expect(believedRing(nodeAt(network, 0))).to.have.length(5);
  });

  it('is silent about nothing: a keep-alive round of a quiet ring costs under 250 B/s a node on average', () => {
    const network = ringOf(50, 10);
    network.run(10_000);
    for (const node of network.nodes) node.receivedBytes = 0;
    network.run(60_000);
    const total = network.nodes.reduce((sum, node) => sum + node.receivedBytes, 0);
    expect(total / 60 / network.nodes.length).to.be.lessThan(250);
  });
});

describe('ring machine: index', function () {
  this.timeout(30_000);

  it('answers every lookup in one hop and right', () => {
    const network = ringOf(50, 11);
    network.run(2_000);
    for (let i = 0; i < 40; i++) network.act(nodeAt(network, i), { type: 'provide', key: key(`${i}`) });
    network.run(1_000);
    for (let i = 0; i < 40; i++) {
      const outcome = network.lookup(nodeAt(network, (i * 7 + 3) % 50), key(`${i}`));
      expect(outcome.providers).to.have.length(1);
      expect(bytesToHex(outcome.providers[0]?.record.publicKey ?? new Uint8Array())).to.equal(
        bytesToHex(nodeAt(network, i).contact.publicKey),
      );
      expect(outcome.hops).to.be.at.most(1);
    }
  });

  it('still answers right at the moment when 30 % of the nodes die', () => {
    const network = ringOf(50, 12);
    network.run(2_000);
    for (let i = 0; i < 30; i++)
      network.act(nodeAt(network, 49 - (i % 5)), { type: 'provide', key: key(`${i}`) });
    network.run(1_000);
    for (let i = 0; i < 15; i++) nodeAt(network, 3 * i).crashed = true;
    let right = 0;
    for (let i = 0; i < 30; i++) {
      const asker = nodeAt(network, 1 + 3 * (i % 14));
      const provider = nodeAt(network, 49 - (i % 5));
      const outcome = network.lookup(asker, key(`${i}`));
      if (outcome.providers.length === 1 || provider.crashed) right += 1;
    }
    expect(right).to.equal(30);
  });

  it('keeps five replicas while members come and go', () => {
    const network = ringOf(20, 13);
    network.run(1_000);
    network.act(nodeAt(network, 0), { type: 'provide', key: key('kept') });
    network.run(1_000);
    for (const index of [3, 8, 12]) nodeAt(network, index).crashed = true;
    network.act(nodeAt(network, 15), { type: 'leave' });
    for (let i = 0; i < 4; i++) network.addNode(`late-${i}`, [nodeAt(network, 0)]);
    network.run(15_000);
    expect(tablesAreTrue(network)).to.equal(true);
    const holders = nodeAt(network, 0).machine.table.successors(key('kept'), 5);
    for (const holder of holders) {
      const node = network.alive.find((each) => bytesToHex(each.machine.nid) === bytesToHex(holder.nid));
      expect(node?.machine.indexSize.keys).to.equal(1);
    }
  });

  it('names nobody after the provider withdrew', () => {
    const network = ringOf(10, 14);
    network.act(nodeAt(network, 2), { type: 'provide', key: key('x') });
    network.run(1_000);
    network.act(nodeAt(network, 2), { type: 'unprovide', key: key('x') });
    network.run(1_000);
    const outcome = network.lookup(nodeAt(network, 6), key('x'));
    expect(outcome.providers).to.have.length(0);
    expect(outcome.answeredBy).to.not.equal(undefined);
  });

  it('does not name a provider that died', () => {
    const network = ringOf(10, 15);
    network.act(nodeAt(network, 2), { type: 'provide', key: key('y') });
    network.run(1_000);
    nodeAt(network, 2).crashed = true;
    network.run(10_000);
    expect(network.lookup(nodeAt(network, 6), key('y')).providers).to.have.length(0);
  });

  it('forwards a lookup that reached the wrong node, once, and corrects the asker', () => {
    const network = ringOf(20, 18);
    network.run(1_000);
    network.act(nodeAt(network, 4), { type: 'provide', key: key('elsewhere') });
    network.run(1_000);
    const replicas = nodeAt(network, 0).machine.table.successors(key('elsewhere'), 6);
    const isReplica = (node: VirtualNode): boolean =>
      replicas.some((entry) => bytesToHex(entry.nid) === bytesToHex(node.machine.nid));
    const [wrong, asker] = network.nodes.filter((node) => !isReplica(node));
    const owner = network.nodes.find(
      (node) => bytesToHex(node.machine.nid) === bytesToHex(replicas[0]?.nid ?? key('')),
    );
    if (wrong === undefined || asker === undefined || owner === undefined)
      throw new RangeError('The ring is too small.');
    const pass = (from: VirtualNode, to: VirtualNode, message: RingMessage): RingMessage | undefined => {
      const event = { type: 'message' as const, from: from.contact.publicKey, message };
      const actions = to.machine.handle(event, network.nowMs);
      return actions.find((action) => action.type === 'send')?.message;
    };
    const question = { kind: 'lookup-request' as const, requestId: 77, key: key('elsewhere'), forward: true };
    const forwarded = pass(asker, wrong, question);
    expect(forwarded).to.include({ kind: 'lookup-request', forward: false });
    const answer = forwarded === undefined ? undefined : pass(wrong, owner, forwarded);
    expect(answer).to.include({ kind: 'lookup-reply', hops: 0 });
    const reply = answer === undefined ? undefined : pass(owner, wrong, answer);
    expect(reply).to.include({ kind: 'lookup-reply', requestId: 77, hops: 1 });
    if (reply?.kind !== 'lookup-reply') throw new RangeError('No answer came back.');
    expect(reply.providers).to.have.length(1);
    const [correction] = reply.corrections;
    expect(correction?.kind === 'record' && bytesToHex(correction.record.publicKey)).to.equal(
      bytesToHex(owner.contact.publicKey),
    );
    expect(wrong.machine.counters.forwarded).to.equal(1);
  });

  it('hands a joining node its keys before anybody is told of it', () => {
    const network = ringOf(10, 19);
    for (let i = 0; i < 30; i++)
      network.act(nodeAt(network, i % 10), { type: 'provide', key: key(`early ${i}`) });
    network.run(2_000);
    const late = network.addNode('latecomer', [nodeAt(network, 0)]);
    const known = (): boolean =>
      network.nodes.some((node) => node !== late && node.machine.table.find(late.machine.nid) !== undefined);
    expect(network.runUntil(known, 5_000)).to.equal(true);
    expect(late.machine.indexSize.keys).to.be.greaterThan(0);
    const mine = Array.from({ length: 30 }, (_, i) => key(`early ${i}`)).filter(
      (each) => nodeAt(network, 0).machine.table.ringRange({ from: each, to: late.machine.nid }).count < 5,
    );
    expect(late.machine.indexSize.keys).to.equal(mine.length);
  });

  it('asks the next replica when the owner is silent', () => {
    const network = ringOf(12, 20);
    network.act(nodeAt(network, 1), { type: 'provide', key: key('silent') });
    network.run(1_000);
    const [owner] = nodeAt(network, 0).machine.table.successors(key('silent'), 1);
    const silent = network.nodes.find(
      (node) => bytesToHex(node.machine.nid) === bytesToHex(owner?.nid ?? key('')),
    );
    const replicas = nodeAt(network, 0).machine.table.successors(key('silent'), 5);
    const asker = network.nodes.find(
      (node) => !replicas.some((entry) => bytesToHex(entry.nid) === bytesToHex(node.machine.nid)),
    );
    if (silent === undefined || asker === undefined) throw new RangeError('The ring is too small.');
    silent.crashed = true;
    const outcome = network.lookup(asker, key('silent'));
    expect(outcome.providers).to.have.length(silent === nodeAt(network, 1) ? 0 : 1);
    expect(asker.machine.counters.hedged).to.equal(1);
  });
});
