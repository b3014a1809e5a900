// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISampledClaims} from "../interfaces/ISampledClaims.sol";

/// @notice A walk along the opened leaves of a trie, from the left to the right.
struct TrieWalk {
    /// Memory address of the top entry of the stack; an entry is (branch, word), two words.
    uint256 top;
    /// Bytes of everything that was passed.
    uint256 passedBytes;
    /// Word of the largest complete subtree that ends where the walk is.
    uint256 word;
    /// The opened key that was passed last, zero before the first.
    uint256 lastKey;
    /// Memory address of the entry below the first.
    uint256 bottom;
    /// One less than the smallest branch on the right of the leaf that was passed last; 256 if there is none.
    uint256 below;
}

/// @title Verification of a sum-trie, a compressed binary trie of (key, bytes) in which every node knows its bytes
/// @dev SPEC.md, sum-trie and sampled claim. A node is one word: hash (192 bits) | bytes (64).
///   leaf(key, bytes)   = trunc192(keccak256(key ‖ uint256(bytes))) | bytes
///   inner(b, L, R)     = trunc192(keccak256(uint256(b) ‖ L ‖ R)) | bytes(L) + bytes(R)
/// An inner node exists where keys part at bit b (1 is the most significant, at most 255): those with 0 are on its left.
/// The inputs have different lengths, so that a leaf is never an inner node.
///
/// Opened leaves come in the order of their keys. Each names the branch at which it parts from the one before, then
/// the siblings of its path below that branch: those on its left from the top down, those on its right from the bottom
/// up as far as it does not share them with the next leaf. The stack holds what is complete on the left of the path, with
/// rising branches. The walk is in assembly, because most of the cost of a claim that is not call data or signatures is
/// here.
library SumTrie {
    uint256 private constant BYTES_MASK = 0xffffffffffffffff;
    /// The entry below the first, one for each branch, and the place where two words are joined.
    uint256 private constant STACK_BYTES = (1 + 255 + 2) * 64;

    /// @notice A walk that has passed nothing.
    /// @dev Allocates its stack, which `finish` gives back: nothing may be allocated in between. Memory that is never
    /// touched costs nothing. The entry below the first has branch 0 and is never joined.
    function start() internal pure returns (TrieWalk memory walk) {
        uint256 bottom;
        assembly ("memory-safe") {
            bottom := mload(0x40)
            mstore(0x40, add(bottom, STACK_BYTES))
            mstore(bottom, 0)
        }
        walk.top = bottom;
        walk.bottom = bottom;
    }

    /// @notice Goes from the leaf before to the place of `key`: branch at which they part (0 for the first leaf), number
    /// of siblings on the left, these. Returns where they end in the call data.
    /// @dev The key must part from the one before at that branch and nowhere above, and have 1 at the branches of its
    /// siblings; so it has the right bit at every branch above it that the one before has passed. Branches rise
    /// downwards, also over the part that belongs to the leaf before.
    function descend(TrieWalk memory walk, uint256 cursor, bytes32 key) internal pure returns (uint256 end) {
        uint256 wrong = 0;
        assembly ("memory-safe") {
            let top := mload(walk)
            let lastKey := mload(add(walk, 0x60))
            let branch := byte(0, calldataload(cursor))
            switch lastKey
            case 0 {
                wrong := branch
            }
            default {
                let word := mload(add(walk, 0x40))
                for {} gt(mload(top), branch) { top := sub(top, 64) } {
                    mstore(add(top, 64), word)
                    let hash := keccak256(top, 96)
                    word := xor(hash, and(xor(hash, add(word, mload(add(top, 32)))), BYTES_MASK))
                }
                top := add(top, 64)
                mstore(top, branch)
                mstore(add(top, 32), word)
                wrong := or(sub(shr(sub(256, branch), xor(lastKey, key)), 1), iszero(lt(lastKey, key)))
                wrong := or(wrong, gt(branch, mload(add(walk, 0xa0))))
            }
            let passedBytes := 0
            let bits := 0
            end := add(add(cursor, 2), mul(byte(1, calldataload(cursor)), 33))
            for { cursor := add(cursor, 2) } lt(cursor, end) { cursor := add(cursor, 33) } {
                branch := byte(0, calldataload(cursor))
                wrong := or(wrong, iszero(gt(branch, mload(top))))
                top := add(top, 64)
                mstore(top, branch)
                let word := calldataload(add(cursor, 1))
                mstore(add(top, 32), word)
                passedBytes := add(passedBytes, and(word, BYTES_MASK))
                bits := or(bits, shl(sub(256, branch), 1))
            }
            wrong := or(wrong, xor(and(key, bits), bits))
            mstore(walk, top)
            mstore(add(walk, 0x20), add(mload(add(walk, 0x20)), passedBytes))
            mstore(add(walk, 0x60), key)
        }
        if (wrong != 0) revert ISampledClaims.PathWrong(key);
    }

    /// @notice Passes the leaf of `key` and goes up as far as its siblings on the right lead: their number and these.
    /// Returns where they end in the call data.
    /// @dev The key must have 0 at the branches of these siblings, which fall, so that it holds for all keys below.
    function ascend(
        TrieWalk memory walk,
        uint256 cursor,
        bytes32 key,
        uint256 leafBytes
    ) internal pure returns (uint256 end) {
        uint256 wrong = 0;
        uint256 word = leafWord(key, leafBytes);
        assembly ("memory-safe") {
            let top := mload(walk)
            let passedBytes := leafBytes
            let bits := 0
            let below := 256
            end := add(add(cursor, 1), mul(byte(0, calldataload(cursor)), 33))
            for { cursor := add(cursor, 1) } lt(cursor, end) { cursor := add(cursor, 33) } {
                let branch := byte(0, calldataload(cursor))
                for {} gt(mload(top), branch) { top := sub(top, 64) } {
                    mstore(add(top, 64), word)
                    let hash := keccak256(top, 96)
                    word := xor(hash, and(xor(hash, add(word, mload(add(top, 32)))), BYTES_MASK))
                }
                let right := calldataload(add(cursor, 1))
                mstore(add(top, 64), branch)
                mstore(add(top, 96), word)
                mstore(add(top, 128), right)
                let hash := keccak256(add(top, 64), 96)
                word := xor(hash, and(xor(hash, add(word, right)), BYTES_MASK))
                passedBytes := add(passedBytes, and(right, BYTES_MASK))
                // Branch 0, the branch of nothing, becomes the largest number here and is wrong too.
                branch := sub(branch, 1)
                wrong := or(wrong, iszero(lt(branch, below)))
                below := branch
                bits := or(bits, shl(sub(255, branch), 1))
            }
            wrong := or(wrong, and(key, bits))
            mstore(walk, top)
            mstore(add(walk, 0x20), add(mload(add(walk, 0x20)), passedBytes))
            mstore(add(walk, 0x40), word)
            mstore(add(walk, 0xa0), below)
        }
        if (wrong != 0) revert ISampledClaims.PathWrong(key);
    }

    /// @notice The root's word, after everything was passed.
    /// @dev Sums of nodes are computed modulo 2^64 on the way. Where the sum of all is that of the root, none was reduced.
    function finish(TrieWalk memory walk) internal pure returns (bytes32 rootWord) {
        uint256 bottom = walk.bottom;
        assembly ("memory-safe") {
            let word := mload(add(walk, 0x40))
            for { let top := mload(walk) } gt(mload(top), 0) { top := sub(top, 64) } {
                mstore(add(top, 64), word)
                let hash := keccak256(top, 96)
                word := xor(hash, and(xor(hash, add(word, mload(add(top, 32)))), BYTES_MASK))
            }
            rootWord := word
            mstore(0x40, bottom)
        }
        if (walk.passedBytes != uint256(rootWord) & BYTES_MASK) {
            revert ISampledClaims.TrieTooLarge(walk.passedBytes);
        }
    }

    /// @notice The word of a leaf.
    function leafWord(bytes32 key, uint256 leafBytes) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(32, leafBytes)
            word := or(shl(64, shr(64, keccak256(0, 64))), leafBytes)
        }
    }
}
