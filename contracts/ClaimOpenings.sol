// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DealKeys} from "./DealKeys.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {ISampledClaims} from "./interfaces/ISampledClaims.sol";
import {ClaimSamples} from "./libraries/ClaimSamples.sol";
import {ReceiptMessages, ReceiptScratch} from "./libraries/ReceiptMessages.sol";
import {SumTrie, TrieWalk} from "./libraries/SumTrie.sol";

/// @title Verification of the openings of a claim
/// @dev SPEC.md, sum-trie and sampled claim, gives their layout: a number of receipts; each followed by the branch at
/// which it parts from the one before, the siblings on its left and the siblings on its right.
abstract contract ClaimOpenings is ISampledClaims, DealKeys {
    /// viewerKey 20 · epoch 4 · capBytes 8 · bytesCumulative 8 · grant signature 64 · receipt signature 64.
    uint256 private constant RECEIPT_BYTES = 168;

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
        TrieWalk memory walk = SumTrie.start();
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := openings.offset
        }
        uint256 end = cursor + 1;
        for (uint256 leaves = _byteAt(cursor); leaves != 0; --leaves) end = _passLeaf(walk, opening, end);
        bytes32 computed = SumTrie.finish(walk);
        if (opening.nextSample != opening.samplesEnd) _revertSampleNotOpened(opening);
        if (computed != drawn.rootWord) revert RootMismatch(drawn.rootWord, computed);
        if (openings.length != end - cursor) revert ProofLengthInvalid(openings.length, end - cursor);
    }

    /// Verifies the receipt at `cursor` and its place, and takes the samples that it holds off the list; returns where
    /// its siblings end.
    function _passLeaf(TrieWalk memory walk, Opening memory opening, uint256 cursor) private view returns (uint256) {
        (bool good, bytes32 grantHash, uint256 leafBytes) = opening.scratch.verify(
            cursor,
            opening.grantKey,
            opening.fromEpoch,
            opening.toEpoch
        );
        if (!good) _judgeReceipt(opening, grantHash, cursor);
        unchecked {
            cursor = SumTrie.descend(walk, cursor + RECEIPT_BYTES, grantHash);
        }
        bool missed;
        assembly ("memory-safe") {
            let fromByte := mload(add(walk, 0x20))
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
        return SumTrie.ascend(walk, cursor, grantHash, leafBytes);
    }

    /// Says what is wrong with the receipt at `cursor`, unless its grant was signed by the key before, and all is well.
    function _judgeReceipt(Opening memory opening, bytes32 grantHash, uint256 cursor) private view {
        uint256 numbers;
        assembly ("memory-safe") {
            numbers := calldataload(add(cursor, 20))
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
        address signer = opening.scratch.recover(grantHash, cursor + 40);
        bool granted = signer == opening.grantKey || _isPreviousGrantKey(deals[opening.dealId], signer, epoch);
        if (signer == address(0) || !granted) revert IDealMarket.InvalidGrantSignature(grantHash);
        address viewerKey;
        assembly ("memory-safe") {
            viewerKey := shr(96, calldataload(cursor))
        }
        signer = opening.scratch.recover(opening.scratch.receiptHash(grantHash, bytesCumulative), cursor + 104);
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
