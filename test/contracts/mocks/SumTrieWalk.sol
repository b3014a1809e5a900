// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimSamples} from "../../../contracts/libraries/ClaimSamples.sol";
import {SumTrie, TrieWalk} from "../../../contracts/libraries/SumTrie.sol";

/// Gives tests the trie's libraries without receipts and signatures.
contract SumTrieWalk {
    /// Leaves are key 32 · bytes 8 · branch 1 · number of left siblings 1 · these · number of right siblings 1 · these.
    function rootOf(bytes calldata leaves, uint256 count) external pure returns (bytes32) {
        TrieWalk memory walk = SumTrie.start();
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := leaves.offset
        }
        for (uint256 i = 0; i < count; ++i) {
            bytes32 key;
            uint256 leafBytes;
            assembly ("memory-safe") {
                key := calldataload(cursor)
                leafBytes := shr(192, calldataload(add(cursor, 32)))
            }
            cursor = SumTrie.descend(walk, cursor + 40, key);
            cursor = SumTrie.ascend(walk, cursor, key, leafBytes);
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
