import { expect } from 'chai';

import { WHOLE_RING } from '../../../../node/core/one-hop-ring/id-interval.ts';
import { MAX_EVENTS_PER_MESSAGE, MAX_SNAPSHOT_REQUESTS } from '../../../../node/core/one-hop-ring/limits.ts';
import type { RingAction } from '../../../../node/core/one-hop-ring/ring-ports.ts';
import { equalDigests } from '../../../../node/core/one-hop-ring/table-digest.ts';
import type { RingMessage } from '../../../../node/core/one-hop-ring/wire-message.ts';
import { recordAt } from './ring-samples.ts';
import { tablesAreTrue, testKey, VirtualNetwork, type VirtualNode } from './virtual-network.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${i}`);

/** Puts members into the table of one node that run nowhere. */
function addStrangers(network: VirtualNetwork, node: VirtualNode, count: number): void {
  for (let i = 0; i < count; i++) {
    const publicKey = testKey(`elsewhere-${i}`);
    const { operator, region } = network.registry.add(publicKey);
    const record = recordAt(1, { publicKey, operator, region });
    node.machine.table.put(record.nid, record, 'alive');
  }
}

function requests(actions: readonly RingAction[]): RingMessage[] {
  return actions.flatMap((action) => (action.type === 'send' ? [action.message] : []));
}

function nodeAt(network: VirtualNetwork, index: number): VirtualNode {
  const node = network.nodes[index];
  if (node === undefined) throw new RangeError(`No node ${index}.`);
  return node;
}

describe('joining', function () {
  this.timeout(30_000);

  it('fetches a table of many pages side by side, each entry once', () => {
    const network = new VirtualNetwork(41);
    const [seed] = network.adoptNodes(names(1));
    if (seed === undefined) throw new RangeError('There is no seed.');
    const count = 5 * MAX_EVENTS_PER_MESSAGE;
    addStrangers(network, seed, count);
    network.connected = () => false;
    const joiner = network.addNode('joiner', [seed]);
    const send = (from: VirtualNode, to: VirtualNode, message: RingMessage): RingMessage[] => {
      const event = { type: 'message' as const, from: from.contact.publicKey, message };
      return requests(to.machine.handle(event, network.nowMs));
    };
    let asked: RingMessage[] = [{ kind: 'snapshot-request', requestId: 1, interval: WHOLE_RING }];
    let events = 0;
    let mostAtOnce = 0;
    while (asked.some((message) => message.kind === 'snapshot-request')) {
      mostAtOnce = Math.max(mostAtOnce, asked.length);
      const pages = asked.flatMap((message) => send(joiner, seed, message));
      for (const page of pages) if (page.kind === 'snapshot-page') events += page.events.length;
      asked = pages.flatMap((page) => send(seed, joiner, page));
    }
    expect(events).to.equal(count + 1);
    expect(mostAtOnce).to.equal(MAX_SNAPSHOT_REQUESTS);
    expect(equalDigests(joiner.machine.table.digest, seed.machine.table.digest)).to.equal(true);
  });

  it('leaves a seed whose pages make no progress', () => {
    const network = new VirtualNetwork(42, { joinAloneAfterMs: Infinity });
    const [seed] = network.adoptNodes(names(1));
    if (seed === undefined) throw new RangeError('There is no seed.');
    network.connected = () => false;
    const joiner = network.addNode('joiner', [seed]);
    const { digest } = seed.machine.table;
    const page = { kind: 'snapshot-page', requestId: 1, digest, rest: WHOLE_RING, events: [] } as const;
    const event = { type: 'message', from: seed.contact.publicKey, message: page } as const;
    expect(requests(joiner.machine.handle(event, network.nowMs))).to.have.length(0);
    expect(joiner.machine.isMember).to.equal(false);
    // It asks a seed again, from the beginning.
    const [again] = requests(joiner.machine.handle({ type: 'wake' }, network.nowMs + 2_000));
    expect(again).to.deep.include({ kind: 'snapshot-request', interval: WHOLE_RING });
  });

  it('repairs what the seed did not know before it enters', () => {
    const network = new VirtualNetwork(43);
    const nodes = network.adoptNodes(names(12));
    const seed = nodeAt(network, 0);
    const forgotten = nodeAt(network, 7);
    seed.machine.table.expel(forgotten.machine.nid);
    const joiner = network.addNode('joiner', [seed]);
    network.runUntil(() => joiner.joinedMs !== undefined, 5_000);
    expect(joiner.machine.table.isInRing(forgotten.machine.nid)).to.equal(true);
    expect(nodes).to.have.length(12);
    expect(network.runUntil(() => tablesAreTrue(network), 10_000)).to.equal(true);
  });

  it('enters after a bounded time although two others hold tables that it cannot match', () => {
    const network = new VirtualNetwork(44);
    network.adoptNodes(names(3));
    const seed = nodeAt(network, 0);
    for (const other of [1, 2]) addStrangers(network, nodeAt(network, other), 40);
    // Nobody lists the strangers any more, so no repair can bring them.
    for (let i = 0; i < 40; i++) network.registry.remove(testKey(`elsewhere-${i}`));
    const startMs = network.nowMs;
    const joiner = network.addNode('joiner', [seed]);
    expect(network.runUntil(() => joiner.joinedMs !== undefined, 20_000)).to.equal(true);
    expect(network.nowMs - startMs).to.be.lessThan(10_000);
  });

  it('learns right after entering what happened during its download', () => {
    const network = new VirtualNetwork(45);
    network.adoptNodes(names(30));
    const seed = nodeAt(network, 0);
    const joiner = network.addNode('joiner', [seed]);
    const downloaded = (): boolean => joiner.machine.table.ringSize > 1;
    expect(network.runUntil(downloaded, 5_000)).to.equal(true);
    // Announced while the joiner is in nobody's table.
    const late = network.addNode('late', [nodeAt(network, 3)]);
    expect(network.runUntil(() => joiner.joinedMs !== undefined, 5_000)).to.equal(true);
    const known = (): boolean => joiner.machine.table.isInRing(late.machine.nid);
    expect(network.runUntil(() => late.joinedMs !== undefined && known(), 3_000)).to.equal(true);
    expect(network.runUntil(() => tablesAreTrue(network), 3_000)).to.equal(true);
  });
});
