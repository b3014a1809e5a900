// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimSamples} from "../../../contracts/libraries/ClaimSamples.sol";
import {Frontier, SumTrie} from "../../../contracts/libraries/SumTrie.sol";

/// Gives tests the trie's libraries without receipts and signatures.
contract SumTrieWalk {
    /// Items are branch 1 · word 32 for a subtree, or branch 1 · key 32 · bytes 8 for a leaf; bit i of `leaves` tells.
    function rootOf(bytes calldata items, uint256 count, uint256 leaves) external pure returns (bytes32) {
        Frontier memory walk = SumTrie.start(count);
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := items.offset
        }
        for (uint256 i = 0; i < count; ++i) {
            if ((leaves >> i) & 1 == 0) {
                cursor = SumTrie.passSubtrees(walk, cursor, 1);
                continue;
            }
            bytes32 key;
            uint256 leafBytes;
            assembly ("memory-safe") {
                key := calldataload(add(cursor, 1))
                leafBytes := shr(192, calldataload(add(cursor, 33)))
            }
            SumTrie.passLeaf(walk, cursor, key, leafBytes);
            cursor += 41;
        }
        return SumTrie.finish(walk);
    }

    function draw(
        bytes32 seed,
        uint64 totalBytes,
        uint256 strata,
        uint256 samples
    ) external pure returns (uint256[] memory drawn) {
        (uint256 first, uint256 end) = ClaimSamples.draw(seed, totalBytes, strata, samples);
        drawn = new uint256[]((end - first) / 32);
        for (uint256 i = 0; i < drawn.length; ++i) {
            uint256 sampleByte;
            assembly ("memory-safe") {
                sampleByte := mload(add(first, mul(i, 32)))
            }
            drawn[i] = sampleByte;
        }
    }

    function seedOf(
        bytes32 blockHash,
        bytes32 salt,
        bytes32 dealId,
        address node,
        bytes32 rootWord,
        uint32 toEpoch
    ) external pure returns (bytes32) {
        return ClaimSamples.seedOf(blockHash, salt, dealId, node, rootWord, toEpoch);
    }
}
