import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import {
  MAX_PEERS_PER_ROOT,
  peerLeafHash,
  PeerTree,
  rootOfPeerProof,
  type PeerLeaf,
} from '../../../sdk/protocol/peer-root.ts';

const TOKEN = 10n ** 18n;
const peer = (n: number): Address => parseAddress(`0x${n.toString(16).padStart(40, '0')}`);
const leaf = (n: number, cumulativeWei: bigint): PeerLeaf => ({ peer: peer(n), cumulativeWei });

describe('tree of what peers have earned', () => {
  it('is the tree of OpenZeppelin: the root of its published example', () => {
    const tree = new PeerTree([
      { peer: parseAddress(`0x${'11'.repeat(20)}`), cumulativeWei: 5n * TOKEN },
      { peer: parseAddress(`0x${'22'.repeat(20)}`), cumulativeWei: (5n * TOKEN) / 2n },
    ]);
    expect(tree.root).to.equal('0xd4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77');
    expect(tree.totalWei).to.equal((15n * TOKEN) / 2n);
  });

  it('of one peer is that peer, with an empty proof', () => {
    const tree = new PeerTree([leaf(1, 7n)]);
    expect(tree.root).to.equal(bytesToHex(peerLeafHash(leaf(1, 7n))));
    expect(tree.proofOf(peer(1))).to.deep.equal([]);
    expect(tree.proofOf(peer(2))).to.equal(undefined);
  });

  it('proves every leaf and no other amount, whatever the order of the peers', () => {
    const amounts = fc.array(fc.bigInt(0n, 2n ** 96n), { minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(amounts, fc.nat(), (wei, turn) => {
        const leaves = wei.map((amount, n) => leaf(n + 1, amount));
        const tree = new PeerTree(leaves);
        const turned = [...leaves.slice(turn % wei.length), ...leaves.slice(0, turn % wei.length)];
        expect(new PeerTree(turned).root).to.equal(tree.root);
        for (const one of leaves) {
          const proof = tree.proofOf(one.peer) ?? [];
          expect(rootOfPeerProof(one, proof)).to.equal(tree.root);
          expect(rootOfPeerProof({ ...one, cumulativeWei: one.cumulativeWei + 1n }, proof)).not.to.equal(
            tree.root,
          );
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses no peer, too many, and one twice', () => {
    const refusal = (leaves: readonly PeerLeaf[]): unknown => {
      try {
        return new PeerTree(leaves).root;
      } catch (error) {
        return error;
      }
    };
    expect(refusal([])).to.include({ code: 'PEER_TREE_INVALID' });
    expect(refusal([leaf(1, 1n), leaf(2, 1n), leaf(1, 2n)])).to.include({ code: 'PEER_TREE_INVALID' });
    const many = Array.from({ length: MAX_PEERS_PER_ROOT + 1 }, (_, n) => leaf(n, 1n));
    expect(refusal(many)).to.deep.include({ values: { expected: MAX_PEERS_PER_ROOT, actual: many.length } });
  });
});
