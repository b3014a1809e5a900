// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISampledClaims} from "../interfaces/ISampledClaims.sol";

/// @notice A walk along the frontier of a multiproof, from the left to the right.
struct Frontier {
    /// Memory address of the top entry of the stack; an entry is (branch, word), two words.
    uint256 top;
    /// Bytes of everything that was passed.
    uint256 passedBytes;
    /// Bits of the branches met since the last opened key that it is on the left of.
    uint256 leftBits;
    /// The opened key that was passed last, zero before the first.
    uint256 lastKey;
    /// Memory address of the entry below the first.
    uint256 bottom;
}

/// @title Verification of a sum-trie, a compressed binary trie of (key, bytes) in which every node knows its bytes
/// @dev SPEC.md, sum-trie and sampled claim. A node is one word: hash (192 bits) | bytes (64).
///   leaf(key, bytes)   = trunc192(keccak256(key ‖ uint256(bytes))) | bytes
///   inner(b, L, R)     = trunc192(keccak256(L ‖ uint256(b) ‖ R)) | bytes(L) + bytes(R)
/// An inner node exists where keys part at bit b (1 is the most significant, at most 255): those with 0 are on its left.
/// The inputs have different lengths, so that a leaf is never an inner node.
///
/// A multiproof is the frontier of the opened part of the trie from left to right: opened leaves and the words of whole
/// subtrees, each with the branch b at which it parts from its left neighbour (0 for the first). The branches alone
/// give the shape: among neighbours the largest b is the lowest node. A stack of (b, word) with rising b builds it.
/// That a branch is not repeated below itself is not checked: what is below cannot be opened on one side, which harms
/// only who committed to it.
library SumTrie {
    uint256 private constant BYTES_MASK = 0xffffffffffffffff;
    /// One byte branch, 32 bytes word.
    uint256 private constant SUBTREE_BYTES = 33;

    /// @notice A walk along a frontier of at most `maxItems`, that has passed nothing.
    /// @dev Allocates its stack, which `finish` gives back: nothing may be allocated in between. Memory that is never
    /// touched costs nothing. The entry below the first has no branch and no word, so it is never folded.
    function start(uint256 maxItems) internal pure returns (Frontier memory walk) {
        uint256 bottom;
        assembly ("memory-safe") {
            bottom := mload(0x40)
            mstore(0x40, add(bottom, shl(6, add(maxItems, 1))))
            mstore(bottom, 0)
            mstore(add(bottom, 32), 0)
        }
        walk.top = bottom;
        walk.bottom = bottom;
    }

    /// @notice Passes `count` whole subtrees that lie at `cursor` in the call data; returns where they end.
    /// @dev In assembly, because most of the cost of a claim that is not call data or signatures is here.
    function passSubtrees(Frontier memory walk, uint256 cursor, uint256 count) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            let top := mload(walk)
            let passedBytes := mload(add(walk, 0x20))
            let leftBits := mload(add(walk, 0x40))
            end := add(cursor, mul(count, SUBTREE_BYTES))
            for {} lt(cursor, end) { cursor := add(cursor, SUBTREE_BYTES) } {
                let branch := byte(0, calldataload(cursor))
                let bit := shl(sub(256, branch), 1)
                if gt(bit, leftBits) {
                    leftBits := or(leftBits, bit)
                }
                // Join what is complete: the left word, the branch and the right word lie side by side.
                for {} gt(mload(top), branch) {} {
                    let left := sub(top, 32)
                    let hash := keccak256(left, 96)
                    mstore(left, xor(hash, and(xor(hash, add(mload(left), mload(add(top, 32)))), BYTES_MASK)))
                    top := sub(left, 32)
                }
                top := add(top, 64)
                mstore(top, branch)
                calldatacopy(add(top, 32), add(cursor, 1), 32)
                passedBytes := add(passedBytes, and(mload(add(top, 32)), BYTES_MASK))
            }
            mstore(walk, top)
            mstore(add(walk, 0x20), passedBytes)
            mstore(add(walk, 0x40), leftBits)
        }
    }

    /// @notice Passes an opened leaf, whose branch lies at `cursor`; refuses one whose key does not lead to its place.
    /// @dev It does if two things hold. This key and the one before part at the highest branch between them and nowhere
    /// above it; so what was checked above that branch for the one holds for the other. And this key has 1 at every
    /// branch on the stack below that one, all of which it is on the right of, the one before 0 at every branch met since
    /// that it is on the left of.
    function passLeaf(Frontier memory walk, uint256 cursor, bytes32 key, uint256 leafBytes) internal pure {
        bool fits = true;
        uint256 word = leafWord(key, leafBytes);
        uint256 branch;
        assembly ("memory-safe") {
            branch := byte(0, calldataload(cursor))
        }
        uint256 top = _fold(walk.top, branch);
        assembly ("memory-safe") {
            let lastKey := mload(add(walk, 0x60))
            let leftBits := mload(add(walk, 0x40))
            let bit := shl(sub(256, branch), 1)
            if gt(bit, leftBits) {
                leftBits := or(leftBits, bit)
            }
            // Bits of branches that this key is on the right of.
            let above := 0
            let rightBits := bit
            if lastKey {
                above := leftBits
                let difference := xor(lastKey, key)
                fits := and(gt(and(difference, leftBits), xor(difference, leftBits)), iszero(and(lastKey, leftBits)))
            }
            let entry := top
            for {} 1 { entry := sub(entry, 64) } {
                let entryBit := shl(sub(256, mload(entry)), 1)
                if iszero(lt(sub(entryBit, 1), sub(above, 1))) {
                    break
                }
                rightBits := or(rightBits, entryBit)
            }
            fits := and(fits, eq(and(key, rightBits), rightBits))
            top := add(top, 64)
            mstore(top, branch)
            mstore(add(top, 32), word)
            mstore(walk, top)
            mstore(add(walk, 0x20), add(mload(add(walk, 0x20)), leafBytes))
            mstore(add(walk, 0x40), 0)
            mstore(add(walk, 0x60), key)
        }
        if (!fits) revert ISampledClaims.PathWrong(key);
    }

    /// @notice The root's word, after everything was passed; zero if some item before the last had no left neighbour
    /// although its branch says so.
    /// @dev Sums of nodes are computed modulo 2^64 on the way. Where the sum of all is that of the root, none was reduced.
    function finish(Frontier memory walk) internal pure returns (bytes32 rootWord) {
        if (walk.lastKey & walk.leftBits != 0) revert ISampledClaims.PathWrong(bytes32(walk.lastKey));
        uint256 top = _fold(walk.top, 0);
        uint256 bottom = walk.bottom;
        assembly ("memory-safe") {
            // An item whose branch has nothing on its left was joined with the entry below the first.
            if and(eq(top, add(bottom, 64)), iszero(mload(add(bottom, 32)))) {
                rootWord := mload(add(top, 32))
            }
            mstore(0x40, bottom)
        }
        uint256 rootBytes = uint256(rootWord) & BYTES_MASK;
        if (rootWord != 0 && walk.passedBytes != rootBytes) revert ISampledClaims.TrieTooLarge(walk.passedBytes);
    }

    /// @notice The word of a leaf.
    function leafWord(bytes32 key, uint256 leafBytes) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(32, leafBytes)
            word := or(shl(64, shr(64, keccak256(0, 64))), leafBytes)
        }
    }

    /// Joins the topmost words while the branch between them is larger than `branch`; returns the new top.
    function _fold(uint256 top, uint256 branch) private pure returns (uint256) {
        assembly ("memory-safe") {
            for {} gt(mload(top), branch) {} {
                let left := sub(top, 32)
                let hash := keccak256(left, 96)
                mstore(left, xor(hash, and(xor(hash, add(mload(left), mload(add(top, 32)))), BYTES_MASK)))
                top := sub(left, 32)
            }
        }
        return top;
    }
}
