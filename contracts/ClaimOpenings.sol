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

    /// Whose claim it is.
    struct Place {
        bytes32 dealId;
        address node;
    }

    /// What is to be opened.
    struct Drawn {
        bytes32 seed;
        bytes32 rootWord;
        uint256 strata;
    }

    /// The drawn byte that the next leaf may hold; none if `strata` is zero.
    struct Pending {
        uint256 strata;
        uint256 stratum;
        uint256 sampleByte;
    }

    /// What the receipts of a claim are checked against.
    struct Scope {
        ReceiptScratch scratch;
        address grantKey;
        uint32 fromEpoch;
        uint32 toEpoch;
    }

    /// Refuses unless `openings` belong to the committed trie and hold a good receipt for every drawn byte.
    function _verifyOpenings(
        Place memory place,
        StoredClaim memory claim,
        Drawn memory drawn,
        bytes calldata openings
    ) internal view {
        StoredDeal storage deal = deals[place.dealId];
        ReceiptScratch scratch = ReceiptMessages.make(
            _domainSeparatorV4(),
            place.dealId,
            place.node,
            deal.contentRoot
        );
        Scope memory scope = Scope(scratch, deal.grantKey, claim.fromEpoch, claim.toEpoch);
        Pending memory pending = Pending(drawn.strata, 0, 0);
        _nextSample(pending, drawn);
        // From here to the root nothing is allocated.
        Frontier memory walk = SumTrie.start();
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := openings.offset
        }
        uint256 leaves = _byteAt(cursor++);
        for (uint256 i = 0; i < leaves; ++i) {
            cursor = SumTrie.passSubtrees(walk, cursor + 1, _byteAt(cursor));
            (bytes32 grantHash, uint256 leafBytes) = _verifyReceipt(deal, scope, cursor);
            uint256 from = walk.passedBytes;
            SumTrie.passLeaf(walk, _byteAt(cursor), grantHash, leafBytes);
            cursor += LEAF_BYTES;
            while (pending.strata != 0 && pending.sampleByte < from + leafBytes) {
                if (pending.sampleByte < from) _revertSampleNotOpened(pending);
                pending.strata &= pending.strata - 1;
                _nextSample(pending, drawn);
            }
        }
        cursor = SumTrie.passSubtrees(walk, cursor + 1, _byteAt(cursor));
        bytes32 computed = SumTrie.finish(walk);
        if (pending.strata != 0) _revertSampleNotOpened(pending);
        if (computed != drawn.rootWord) revert RootMismatch(drawn.rootWord, computed);
        uint256 expected;
        assembly ("memory-safe") {
            expected := sub(cursor, openings.offset)
        }
        if (openings.length != expected) revert ProofLengthInvalid(openings.length, expected);
    }

    /// Checks the receipt at `cursor` as a direct claim does; returns its leaf.
    function _verifyReceipt(
        StoredDeal storage deal,
        Scope memory scope,
        uint256 cursor
    ) private view returns (bytes32 grantHash, uint256 bytesCumulative) {
        address viewerKey;
        uint256 epoch;
        uint256 capBytes;
        assembly ("memory-safe") {
            viewerKey := shr(96, calldataload(add(cursor, 1)))
            let numbers := calldataload(add(cursor, 21))
            epoch := shr(224, numbers)
            capBytes := and(shr(160, numbers), 0xffffffffffffffff)
            bytesCumulative := and(shr(96, numbers), 0xffffffffffffffff)
        }
        ReceiptScratch scratch = scope.scratch;
        grantHash = scratch.grantHash(viewerKey, epoch, capBytes);
        if (epoch <= scope.fromEpoch || epoch > scope.toEpoch) {
            revert IDealMarket.EpochOutsideClaim(grantHash, uint32(epoch), scope.fromEpoch, scope.toEpoch);
        }
        if (bytesCumulative > capBytes) {
            revert IDealMarket.CapExceeded(grantHash, uint64(bytesCumulative), uint64(capBytes));
        }
        address signer = scratch.recover(grantHash, cursor + 41);
        bool byGrantKey = signer == scope.grantKey || _isPreviousGrantKey(deal, signer, uint32(epoch));
        if (signer == address(0) || !byGrantKey) revert IDealMarket.InvalidGrantSignature(grantHash);
        signer = scratch.recover(scratch.receiptHash(grantHash, bytesCumulative), cursor + 105);
        if (signer == address(0) || signer != viewerKey) revert IDealMarket.InvalidReceiptSignature(grantHash);
    }

    /// Draws the byte of the lowest stratum that is still to be opened.
    function _nextSample(Pending memory pending, Drawn memory drawn) private view {
        uint256 strata = pending.strata;
        if (strata == 0) return;
        uint256 stratum = pending.stratum;
        while ((strata >> stratum) & 1 == 0) ++stratum;
        pending.stratum = stratum;
        pending.sampleByte = ClaimSamples.sampleByte(
            drawn.seed,
            uint64(uint256(drawn.rootWord)),
            stratum,
            CLAIM_SAMPLES
        );
    }

    function _byteAt(uint256 cursor) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, calldataload(cursor))
        }
    }

    function _revertSampleNotOpened(Pending memory pending) private pure {
        revert SampleNotOpened(pending.stratum, uint64(pending.sampleByte));
    }
}
