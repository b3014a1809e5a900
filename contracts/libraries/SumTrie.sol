// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISampledClaims} from "../interfaces/ISampledClaims.sol";

/// @notice A walk along the frontier of a multiproof, from the left to the right.
struct Frontier {
    /// Memory address of the top entry of the stack; an entry is (branch, word), two words.
    uint256 top;
    /// Memory address of the entry below the first.
    uint256 bottom;
    /// Bytes of everything that was passed.
    uint256 passedBytes;
    /// Bits at which the branches on the stack branch: whatever comes next is on their right.
    uint256 rightBits;
    /// The opened key that was passed last, and the bits at which branches were met since that it is on the left of.
    uint256 lastKey;
    uint256 leftBits;
    bool hasKey;
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
library SumTrie {
    uint256 private constant BYTES_MASK = 0xffffffffffffffff;
    /// One byte branch, 32 bytes word.
    uint256 internal constant SUBTREE_BYTES = 33;
    /// Branches on the stack rise and are below 256, so there are never more entries.
    uint256 private constant STACK_BYTES = (1 + 256) * 64;

    /// @notice A walk that has passed nothing.
    /// @dev Allocates its stack, which `finish` gives back: nothing may be allocated in between. Memory that is never
    /// touched costs nothing. One entry that is never folded lies below the first.
    function start() internal pure returns (Frontier memory walk) {
        uint256 bottom;
        assembly ("memory-safe") {
            bottom := mload(0x40)
            mstore(0x40, add(bottom, STACK_BYTES))
            mstore(bottom, 0)
            mstore(add(bottom, 32), 0)
        }
        walk.top = bottom;
        walk.bottom = bottom;
    }

    /// @notice Passes `count` whole subtrees that lie at `cursor` in the call data.
    function passSubtrees(Frontier memory walk, uint256 cursor, uint256 count) internal pure returns (uint256) {
        uint256 top = walk.top;
        uint256 passedBytes = walk.passedBytes;
        uint256 rightBits = walk.rightBits;
        uint256 leftBits = walk.leftBits;
        unchecked {
            for (uint256 end = cursor + count * SUBTREE_BYTES; cursor != end; cursor += SUBTREE_BYTES) {
                uint256 branch;
                uint256 word;
                assembly ("memory-safe") {
                    branch := byte(0, calldataload(cursor))
                    word := calldataload(add(cursor, 1))
                }
                top = _push(top, branch, word);
                uint256 bit = _bitOf(branch);
                rightBits = _withBranch(rightBits, bit);
                if (bit > leftBits) leftBits |= bit;
                passedBytes += word & BYTES_MASK;
            }
        }
        walk.top = top;
        walk.passedBytes = passedBytes;
        walk.rightBits = rightBits;
        walk.leftBits = leftBits;
        return cursor;
    }

    /// @notice Passes an opened leaf; refuses one whose key does not lead to its place.
    function passLeaf(Frontier memory walk, uint256 branch, bytes32 key, uint256 leafBytes) internal pure {
        walk.top = _push(walk.top, branch, leafWord(key, leafBytes));
        uint256 bit = _bitOf(branch);
        uint256 rightBits = _withBranch(walk.rightBits, bit);
        uint256 leftBits = bit > walk.leftBits ? walk.leftBits | bit : walk.leftBits;
        uint256 current = uint256(key);
        if (current & rightBits != rightBits) revert ISampledClaims.PathWrong(key);
        if (walk.hasKey) {
            // The keys must part at the highest branch between them and nowhere above: then what is above holds for both.
            uint256 difference = walk.lastKey ^ current;
            bool partHere = (difference & leftBits) > (difference ^ leftBits);
            if (!partHere || walk.lastKey & leftBits != 0) revert ISampledClaims.PathWrong(key);
        }
        walk.hasKey = true;
        walk.lastKey = current;
        walk.leftBits = 0;
        walk.rightBits = rightBits;
        walk.passedBytes += leafBytes;
    }

    /// @notice The root's word, after everything was passed; zero if the first branch was not 0.
    function finish(Frontier memory walk) internal pure returns (bytes32 rootWord) {
        if (walk.lastKey & walk.leftBits != 0) revert ISampledClaims.PathWrong(bytes32(walk.lastKey));
        uint256 top = _fold(walk.top, 0);
        uint256 bottom = walk.bottom;
        assembly ("memory-safe") {
            if eq(top, add(bottom, 64)) {
                rootWord := mload(add(top, 32))
            }
            mstore(0x40, bottom)
        }
    }

    /// @notice The word of a leaf.
    function leafWord(bytes32 key, uint256 leafBytes) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(32, leafBytes)
            word := or(and(keccak256(0, 64), not(BYTES_MASK)), leafBytes)
        }
    }

    /// Puts a word on the stack, after the branches below it that are complete now.
    function _push(uint256 top, uint256 branch, uint256 word) private pure returns (uint256 pushed) {
        top = _fold(top, branch);
        pushed = top + 64;
        uint256 below;
        assembly ("memory-safe") {
            below := mload(top)
            mstore(pushed, branch)
            mstore(add(pushed, 32), word)
        }
        if (below == branch && branch != 0) revert ISampledClaims.BranchRepeated(branch);
    }

    /// Joins the topmost words while the branch between them is below `branch`, that is larger.
    function _fold(uint256 top, uint256 branch) private pure returns (uint256) {
        uint256 carried = 0;
        assembly ("memory-safe") {
            for {} gt(mload(top), branch) {} {
                // The left word, the branch and the right word lie side by side.
                let left := sub(top, 32)
                let sum := add(and(mload(left), BYTES_MASK), and(mload(add(top, 32)), BYTES_MASK))
                carried := or(carried, sum)
                mstore(left, or(and(keccak256(left, 96), not(BYTES_MASK)), sum))
                top := sub(top, 64)
            }
        }
        if (carried > BYTES_MASK) revert ISampledClaims.SubtreeTooLarge(carried);
        return top;
    }

    /// Branch b as a bit; none for 0.
    function _bitOf(uint256 branch) private pure returns (uint256) {
        unchecked {
            return 1 << (256 - branch);
        }
    }

    /// The stack's branches after `bit`: those below it in the trie, lesser bits, are complete.
    function _withBranch(uint256 bits, uint256 bit) private pure returns (uint256) {
        unchecked {
            return (bits & ~((bit << 1) - 1)) | bit;
        }
    }
}
