import { keccak_256 } from '@noble/hashes/sha3.js';

import { bytesToHex, compareBytes, concatBytes, type Hex } from './bytes.ts';
import {
  addressWord,
  bytes32Word,
  structHash,
  typedDataDigest,
  typeHash,
  uintWord,
  type Domain,
} from './eip712.ts';
import { ProtocolError } from './errors.ts';
import type { Address, DealId } from './identifiers.ts';

/** The collector's statement of what all peers of a deal have earned (SPEC.md, peer root). */
export interface PeerRoot {
  readonly dealId: DealId;
  /** Counts from 1. */
  readonly sequence: number;
  readonly root: Hex;
  /** Sum of all leaves, wei; a uint128. */
  readonly totalWei: bigint;
}

/** What one peer has earned since the deal began. */
export interface PeerLeaf {
  readonly peer: Address;
  readonly cumulativeWei: bigint;
}

export const PEER_ROOT_TYPE = 'PeerRoot(bytes32 dealId,uint32 sequence,bytes32 root,uint128 totalWei)';
const PEER_ROOT_TYPE_HASH = typeHash(PEER_ROOT_TYPE);

/** Peers in one tree: a proof has at most 16 siblings then; the contract takes 64. */
export const MAX_PEERS_PER_ROOT = 65_536;

export function peerRootDigest(domain: Domain, statement: PeerRoot): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      PEER_ROOT_TYPE_HASH,
      bytes32Word(statement.dealId),
      uintWord(statement.sequence),
      bytes32Word(statement.root),
      uintWord(statement.totalWei),
    ),
  );
}

/** keccak256(keccak256(abi.encode(peer, cumulativeWei))): hashed twice, so that no inner node is a leaf. */
export function peerLeafHash({ peer, cumulativeWei }: PeerLeaf): Uint8Array {
  return keccak_256(keccak_256(concatBytes(addressWord(peer), uintWord(cumulativeWei))));
}

/**
 * The Merkle tree over what peers have earned: that of OpenZeppelin's StandardMerkleTree over `["address", "uint256"]`.
 * Leaves stand in ascending order of their hashes at the end of a complete binary tree; pairs are hashed in ascending
 * order.
 */
export class PeerTree {
  readonly #nodes: readonly Uint8Array[];
  readonly #placeOf: ReadonlyMap<Address, number>;
  readonly totalWei: bigint;

  /** @throws ProtocolError PEER_TREE_INVALID for no peer, more than MAX_PEERS_PER_ROOT, or one peer twice */
  constructor(leaves: readonly PeerLeaf[]) {
    if (leaves.length === 0 || leaves.length > MAX_PEERS_PER_ROOT) {
      throw new ProtocolError('PEER_TREE_INVALID', 'A peer tree has from one to 65,536 peers.', {
        expected: MAX_PEERS_PER_ROOT,
        actual: leaves.length,
      });
    }
    const sorted = leaves
      .map(({ peer, cumulativeWei }) => ({ peer, hash: peerLeafHash({ peer, cumulativeWei }) }))
      .sort((a, b) => compareBytes(a.hash, b.hash));
    const nodes = new Array<Uint8Array>(2 * sorted.length - 1);
    const placeOf = new Map<Address, number>();
    sorted.forEach(({ peer, hash }, position) => {
      const place = nodes.length - 1 - position;
      nodes[place] = hash;
      placeOf.set(peer, place);
    });
    for (let place = sorted.length - 2; place >= 0; place--) {
      nodes[place] = pairHash(at(nodes, 2 * place + 1), at(nodes, 2 * place + 2));
    }
    if (placeOf.size !== leaves.length) {
      throw new ProtocolError('PEER_TREE_INVALID', 'A peer stands in the tree twice.', {
        expected: placeOf.size,
        actual: leaves.length,
      });
    }
    this.#nodes = nodes;
    this.#placeOf = placeOf;
    this.totalWei = leaves.reduce((sum, { cumulativeWei }) => sum + cumulativeWei, 0n);
  }

  get root(): Hex {
    return bytesToHex(at(this.#nodes, 0));
  }

  /** Siblings from the leaf upwards, or undefined for a peer that is not in the tree. */
  proofOf(peer: Address): Hex[] | undefined {
    let place = this.#placeOf.get(peer);
    if (place === undefined) return undefined;
    const siblings: Hex[] = [];
    for (; place > 0; place = (place - 1) >> 1) {
      siblings.push(bytesToHex(at(this.#nodes, place % 2 === 1 ? place + 1 : place - 1)));
    }
    return siblings;
  }
}

/** The root that a proof of a leaf leads to. */
export function rootOfPeerProof(leaf: PeerLeaf, proof: readonly Hex[]): Hex {
  return bytesToHex(
    proof.reduce<Uint8Array>((node, sibling) => pairHash(node, bytes32Word(sibling)), peerLeafHash(leaf)),
  );
}

function pairHash(a: Uint8Array, b: Uint8Array): Uint8Array {
  return keccak_256(compareBytes(a, b) < 0 ? concatBytes(a, b) : concatBytes(b, a));
}

function at(nodes: readonly (Uint8Array | undefined)[], place: number): Uint8Array {
  const node = nodes[place];
  if (node === undefined) throw new ProtocolError('PEER_TREE_INVALID', 'A peer tree has a hole.', { place });
  return node;
}
