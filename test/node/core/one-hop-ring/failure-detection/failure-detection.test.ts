import { expect } from 'chai';

import { bytesToHex, type Hex } from '../../../../../sdk/protocol/bytes.ts';
import { tablesAreTrue, VirtualNetwork, type VirtualNode } from '../virtual-network.ts';

/** A quiet ring of `count` nodes, round trips of 20 to 40 ms. */
function ringOf(count: number, seed: number): VirtualNetwork {
  const network = new VirtualNetwork(seed);
  const first = network.addNode('node-0', []);
  for (let i = 1; i < count; i++) {
    const node = network.addNode(`node-${i}`, [first]);
    network.runUntil(() => node.joinedMs !== undefined, 20_000);
  }
  network.runUntil(() => tablesAreTrue(network), 20_000);
  network.run(2_000);
  return network;
}

function nodeAt(network: VirtualNetwork, index: number): VirtualNode {
  const node = network.nodes[index];
  if (node === undefined) throw new RangeError(`No node ${index}.`);
  return node;
}

/** Living nodes that some living node believes gone. */
function wronglyFailed(network: VirtualNetwork): Hex[] {
  const living = network.alive.map((node) => node.machine.nid);
  return living
    .filter((nid) => network.alive.some((node) => node.machine.table.find(nid)?.state === 'failed'))
    .map(bytesToHex);
}

const declared = (network: VirtualNetwork): number =>
  network.alive.reduce((sum, node) => sum + node.machine.counters.failuresDeclared, 0);

describe('failure detection', function () {
  this.timeout(60_000);

  it('declares a dead member failed after 5 s of silence and before 8 s, and does it once', () => {
    const network = ringOf(40, 1);
    nodeAt(network, 13).crashed = true;
    const diedMs = network.nowMs;
    const isFound = (): boolean => declared(network) > 0;
    expect(network.runUntil(isFound, 8_000)).to.equal(true);
    expect(network.nowMs - diedMs).to.be.within(5_000, 8_000);
    expect(network.runUntil(() => tablesAreTrue(network), 2_000)).to.equal(true);
    network.run(5_000);
    expect(declared(network)).to.be.at.most(2);
  });

  it('needs no such patience where the host says that the process is gone', () => {
    const network = ringOf(40, 2);
    const dead = nodeAt(network, 13);
    dead.crashed = true;
    const diedMs = network.nowMs;
    network.refusals = true;
    expect(network.runUntil(() => tablesAreTrue(network), 5_000)).to.equal(true);
    expect(network.nowMs - diedMs).to.be.lessThan(4_500);
  });

  it('finds 30 % that die at once, observers and predecessors in a row among them', () => {
    const network = ringOf(60, 3);
    const inOrder = network.nodes.toSorted((a, b) =>
      bytesToHex(a.machine.nid) < bytesToHex(b.machine.nid) ? -1 : 1,
    );
    inOrder.forEach((node, i) => {
      if (i < 6 || i % 5 === 0) node.crashed = true;
    });
    expect(network.runUntil(() => tablesAreTrue(network), 12_000)).to.equal(true);
    expect(wronglyFailed(network)).to.deep.equal([]);
  });

  it('takes nobody for dead who stands still for 5 s, and nobody who stood still accuses', () => {
    const network = ringOf(40, 4);
    for (let round = 0; round < 20; round++) {
      for (const index of [round % 40, (round * 7 + 3) % 40]) {
        nodeAt(network, index).stalledUntilMs = network.nowMs + 5_000;
      }
      network.run(5_700);
      expect(wronglyFailed(network)).to.deep.equal([]);
    }
    expect(declared(network)).to.equal(0);
  });

  it('takes nobody for dead whom one other cannot reach, or who reaches nobody itself', () => {
    const network = ringOf(30, 5);
    const [deaf, lost] = [nodeAt(network, 4), nodeAt(network, 21)];
    const blind = new Set([nodeAt(network, 9)]);
    network.connected = (from, to) => to !== deaf && !(to === lost && blind.has(from));
    network.run(30_000);
    expect(nodeAt(network, 0).machine.table.isInRing(lost.machine.nid)).to.equal(true);
    // Who hears nobody may be declared dead, but declares nobody dead.
    expect(deaf.machine.counters.failuresDeclared).to.equal(0);
  });

  it('takes nobody for dead because 5 % of all messages are lost', () => {
    const network = ringOf(40, 6);
    network.lossRate = 0.05;
    network.run(180_000);
    expect(wronglyFailed(network)).to.deep.equal([]);
    expect(declared(network)).to.equal(0);
  });

  it('keeps a ring of two able to lose one', () => {
    const network = ringOf(2, 7);
    nodeAt(network, 0).crashed = true;
    expect(network.runUntil(() => tablesAreTrue(network), 10_000)).to.equal(true);
  });

  it('declares nobody failed alone: who is cut off from all keeps its table', () => {
    const network = ringOf(12, 8);
    const cut = nodeAt(network, 5);
    network.connected = (from, to) => from !== cut && to !== cut;
    network.run(60_000);
    expect(cut.machine.table.ringSize).to.equal(12);
    expect(nodeAt(network, 0).machine.table.ringSize).to.equal(11);
    network.connected = () => true;
    expect(network.runUntil(() => tablesAreTrue(network), 20_000)).to.equal(true);
  });

  it('does not believe one observer, whatever it signs and however often', () => {
    const network = ringOf(20, 9);
    const [liar, victim] = [nodeAt(network, 3), nodeAt(network, 11)];
    const incarnation = liar.machine.table.find(victim.machine.nid)?.incarnation ?? 0;
    const testimony = network.testimonyBy(liar, victim, incarnation);
    for (let i = 0; i < 20; i++) {
      for (const node of network.nodes) {
        if (node === liar) continue;
        network.act(node, { type: 'message', from: liar.contact.publicKey, message: testimony });
      }
      network.run(1_000);
    }
    expect(wronglyFailed(network)).to.deep.equal([]);
    expect(victim.machine.counters.refutations).to.equal(0);
  });
});
