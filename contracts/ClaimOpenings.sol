// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DealKeys} from "./DealKeys.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {ISampledClaims} from "./interfaces/ISampledClaims.sol";
import {ClaimSamples} from "./libraries/ClaimSamples.sol";
import {ReceiptMessages, ReceiptScratch} from "./libraries/ReceiptMessages.sol";
import {Frontier, SumTrie} from "./libraries/SumTrie.sol";

/// @title Verification of the openings of a claim
/// @dev SPEC.md, sum-trie and sampled claim, gives their layout: a number of leaves; before each leaf, and after the
/// last, a number of subtrees and these subtrees.
abstract contract ClaimOpenings is ISampledClaims, DealKeys {
    /// branch 1 · viewerKey 20 · epoch 4 · capBytes 8 · bytesCumulative 8 · grant signature 64 · receipt signature 64.
    uint256 private constant LEAF_BYTES = 169;
    /// branch 1 · word 32: the smallest item.
    uint256 private constant SUBTREE_BYTES = 33;

    /// Whose claim it is.
    struct Place {
        bytes32 dealId;
        address node;
    }

    /// What was drawn.
    struct Drawn {
        bytes32 seed;
        bytes32 rootWord;
        /// Bit i: stratum i is to be opened.
        uint256 strata;
    }

    /// What receipts are checked against, and the drawn bytes that are still to be opened: memory addresses of the next
    /// one and of the word after the last, which is above all bytes.
    struct Opening {
        ReceiptScratch scratch;
        bytes32 dealId;
        address grantKey;
        uint256 fromEpoch;
        uint256 toEpoch;
        uint256 nextSample;
        uint256 samplesEnd;
    }

    /// Refuses unless `openings` belong to the trie and hold a good receipt for the byte drawn in each of the strata.
    function _verifyOpenings(
        Place memory place,
        StoredClaim memory claim,
        Drawn memory drawn,
        bytes calldata openings
    ) internal view {
        StoredDeal storage deal = deals[place.dealId];
        Opening memory opening = Opening({
            scratch: ReceiptMessages.make(_domainSeparatorV4(), place.dealId, place.node, deal.contentRoot),
            dealId: place.dealId,
            grantKey: deal.grantKey,
            fromEpoch: claim.fromEpoch,
            toEpoch: claim.toEpoch,
            nextSample: 0,
            samplesEnd: 0
        });
        (opening.nextSample, opening.samplesEnd) = ClaimSamples.draw(
            drawn.seed,
            uint64(uint256(drawn.rootWord)),
            drawn.strata,
            CLAIM_SAMPLES
        );
        // From here to the root nothing is allocated.
        Frontier memory walk = SumTrie.start(openings.length / SUBTREE_BYTES + 1);
        uint256 end = _walk(walk, opening, openings);
        bytes32 computed = SumTrie.finish(walk);
        if (opening.nextSample != opening.samplesEnd) _revertSampleNotOpened(opening);
        if (computed != drawn.rootWord) revert RootMismatch(drawn.rootWord, computed);
        if (openings.length != end) revert ProofLengthInvalid(openings.length, end);
    }

    /// Passes all items; returns how many bytes they are.
    function _walk(
        Frontier memory walk,
        Opening memory opening,
        bytes calldata openings
    ) private view returns (uint256 length) {
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := add(openings.offset, 1)
        }
        unchecked {
            for (uint256 leaves = _byteAt(cursor - 1); leaves != 0; --leaves) {
                cursor = SumTrie.passSubtrees(walk, cursor + 1, _byteAt(cursor));
                _passLeaf(walk, opening, cursor);
                cursor += LEAF_BYTES;
            }
        }
        cursor = SumTrie.passSubtrees(walk, cursor + 1, _byteAt(cursor));
        assembly ("memory-safe") {
            length := sub(cursor, openings.offset)
        }
    }

    /// Verifies the leaf at `cursor` and takes the samples that it holds off the list.
    function _passLeaf(Frontier memory walk, Opening memory opening, uint256 cursor) private view {
        (bool good, bytes32 grantHash, uint256 leafBytes) = opening.scratch.verify(
            cursor,
            opening.grantKey,
            opening.fromEpoch,
            opening.toEpoch
        );
        if (!good) _judgeReceipt(opening, grantHash, cursor);
        uint256 fromByte = walk.passedBytes;
        SumTrie.passLeaf(walk, cursor, grantHash, leafBytes);
        bool missed;
        assembly ("memory-safe") {
            let next := mload(add(opening, 0xa0))
            missed := lt(mload(next), fromByte)
            for { let toByte := add(fromByte, leafBytes) } lt(mload(next), toByte) {} {
                next := add(next, 32)
            }
            if iszero(missed) {
                mstore(add(opening, 0xa0), next)
            }
        }
        if (missed) _revertSampleNotOpened(opening);
    }

    /// Says what is wrong with the receipt at `cursor`, unless its grant was signed by the key before, and all is well.
    function _judgeReceipt(Opening memory opening, bytes32 grantHash, uint256 cursor) private view {
        uint256 numbers;
        assembly ("memory-safe") {
            numbers := calldataload(add(cursor, 21))
        }
        uint32 epoch = uint32(numbers >> 224);
        uint64 capBytes = uint64(numbers >> 160);
        uint64 bytesCumulative = uint64(numbers >> 96);
        if (epoch <= opening.fromEpoch || epoch > opening.toEpoch) {
            revert IDealMarket.EpochOutsideClaim(
                grantHash,
                epoch,
                uint32(opening.fromEpoch),
                uint32(opening.toEpoch)
            );
        }
        if (bytesCumulative > capBytes) revert IDealMarket.CapExceeded(grantHash, bytesCumulative, capBytes);
        address signer = opening.scratch.recover(grantHash, cursor + 41);
        bool granted = signer == opening.grantKey || _isPreviousGrantKey(deals[opening.dealId], signer, epoch);
        if (signer == address(0) || !granted) revert IDealMarket.InvalidGrantSignature(grantHash);
        address viewerKey;
        assembly ("memory-safe") {
            viewerKey := shr(96, calldataload(add(cursor, 1)))
        }
        signer = opening.scratch.recover(opening.scratch.receiptHash(grantHash, bytesCumulative), cursor + 105);
        if (signer == address(0) || signer != viewerKey) revert IDealMarket.InvalidReceiptSignature(grantHash);
    }

    function _revertSampleNotOpened(Opening memory opening) private pure {
        uint256 next = opening.nextSample;
        assembly ("memory-safe") {
            next := mload(next)
        }
        revert SampleNotOpened(uint64(next));
    }

    function _byteAt(uint256 cursor) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, calldataload(cursor))
        }
    }
}
