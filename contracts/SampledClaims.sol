// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ClaimOpenings} from "./ClaimOpenings.sol";
import {DealVouchers} from "./DealVouchers.sol";
import {IBurnable} from "./interfaces/IBurnable.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {ISampledClaims} from "./interfaces/ISampledClaims.sol";
import {Account} from "./libraries/Accounts.sol";
import {ClaimSamples} from "./libraries/ClaimSamples.sol";
import {Payments} from "./libraries/Payments.sol";

/// @title Claims of many receipts by samples
/// @dev Source: PAYMENT.md, on chain; SPEC.md, sum-trie and sampled claim. Functions refuse, update, announce, and move
/// tokens last.
abstract contract SampledClaims is ClaimOpenings, DealVouchers {
    using SafeERC20 for IERC20;

    /// Blocks from a commitment to the block whose hash gives the randomness.
    uint256 private constant SEED_DELAY_BLOCKS = 2;

    /// @inheritdoc ISampledClaims
    function commitClaim(bytes32 dealId, uint32 toEpoch, bytes24 root, uint64 totalBytes) external {
        uint32 epoch = _currentEpoch();
        StoredAllocation storage allocation = deals[dealId].allocations[msg.sender];
        Account account = allocation.account;
        uint32 fromEpoch = account.throughEpoch();
        if (account.hasOpenClaim()) _revertClaimOpen(dealId, msg.sender);
        if (toEpoch >= epoch) revert IDealMarket.EpochNotEnded(toEpoch, epoch);
        if (toEpoch <= fromEpoch) revert IDealMarket.EpochSettled(dealId, msg.sender, toEpoch, fromEpoch);
        // Claims after the thaw could keep the allocation from being released for ever.
        uint32 thawEndEpoch = account.thawEndEpoch();
        if (thawEndEpoch != 0 && epoch >= thawEndEpoch) revert ThawEnded(dealId, msg.sender, thawEndEpoch, epoch);
        if (totalBytes < CLAIM_SAMPLES) revert ClaimTooSmall(totalBytes, CLAIM_SAMPLES);
        uint256 lockedWei = Payments.priceWei(totalBytes, allocation.ratePerGiB);
        if (lockedWei > account.balanceWei()) lockedWei = account.balanceWei();
        if (lockedWei == 0) _revertNothingDue(dealId, account);
        uint40 seedBlock = uint40(block.number + SEED_DELAY_BLOCKS);
        uint256 bondWei = _bondWei(lockedWei);
        allocation.account = account.withOpenClaim(uint96(lockedWei));
        allocation.claim = StoredClaim({
            lockedWei: uint96(lockedWei),
            seedBlock: seedBlock,
            fromEpoch: fromEpoch,
            toEpoch: toEpoch,
            openedStrata: 0,
            state: ClaimState.Committed,
            salted: false
        });
        allocation.claimRootWord = bytes32(root) | bytes32(uint256(totalBytes));
        emit ClaimCommitted(
            dealId,
            msg.sender,
            fromEpoch,
            toEpoch,
            root,
            totalBytes,
            uint128(lockedWei),
            uint128(bondWei),
            seedBlock
        );
        TOKEN.safeTransferFrom(msg.sender, address(this), bondWei);
    }

    /// @inheritdoc ISampledClaims
    function saltClaim(bytes32 dealId, address node, bytes32 salt) external {
        _requirePublisher(deals[dealId], dealId);
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        StoredClaim memory claim = allocation.claim;
        if (claim.state != ClaimState.Committed) revert WrongClaimState(dealId, node, claim.state);
        uint64 saltUntil = claim.seedBlock + SALT_WINDOW_BLOCKS;
        if (block.number > saltUntil) revert SaltTooLate(dealId, node, saltUntil, uint64(block.number));
        if (claim.salted || salt == 0) revert SaltRefused(dealId, node, salt);
        allocation.claim.salted = true;
        allocation.claimSeed = salt;
        emit ClaimSalted(dealId, node, salt);
    }

    /// @inheritdoc ISampledClaims
    function pinSeed(bytes32 dealId, address node) external {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        StoredClaim memory claim = allocation.claim;
        if (claim.state != ClaimState.Committed) revert WrongClaimState(dealId, node, claim.state);
        _pin(allocation, claim, Place(dealId, node), _drawSeed(allocation, claim, Place(dealId, node)));
    }

    /// @inheritdoc ISampledClaims
    function openClaim(bytes32 dealId, uint32 strata, bytes calldata openings, address to) external {
        Place memory place = Place(dealId, msg.sender);
        StoredAllocation storage allocation = deals[dealId].allocations[msg.sender];
        StoredClaim memory claim = allocation.claim;
        uint256 allStrata = _allStrata();
        if (strata == 0 || strata > allStrata) revert StrataInvalid(strata, CLAIM_SAMPLES);
        claim.openedStrata |= strata;
        if (claim.state == ClaimState.Committed) {
            bytes32 seed = _drawSeed(allocation, claim, place);
            _verifyOpenings(place, claim, Drawn(seed, allocation.claimRootWord, strata), openings);
            if (claim.openedStrata != allStrata) _pin(allocation, claim, place, seed);
        } else if (claim.state == ClaimState.Seeded) {
            _requireWindow(claim, place);
            _verifyOpenings(place, claim, Drawn(allocation.claimSeed, allocation.claimRootWord, strata), openings);
            if (claim.openedStrata != allStrata) allocation.claim.openedStrata = claim.openedStrata;
        } else {
            revert WrongClaimState(dealId, msg.sender, claim.state);
        }
        if (claim.openedStrata == allStrata) _pay(allocation, claim, place, to);
        else emit StrataOpened(dealId, msg.sender, claim.openedStrata);
    }

    /// @inheritdoc ISampledClaims
    function supersedeClaim(IDealMarket.Voucher calldata voucher, bytes calldata signature, address to) external {
        bytes32 dealId = voucher.dealId;
        StoredAllocation storage allocation = deals[dealId].allocations[msg.sender];
        StoredClaim memory claim = allocation.claim;
        if (claim.state != ClaimState.Committed && claim.state != ClaimState.Seeded) {
            revert WrongClaimState(dealId, msg.sender, claim.state);
        }
        Account account = allocation.account.withoutClaim(claim.lockedWei, claim.toEpoch);
        uint256 dueWei = Payments.duePaymentWei(voucher.cumulative, account.paidWei(), account.balanceWei());
        if (voucher.throughEpoch != claim.toEpoch || dueWei < claim.lockedWei) {
            revert VoucherBelowClaim(voucher.throughEpoch, claim.toEpoch, dueWei, claim.lockedWei);
        }
        uint256 bondWei = _bondWei(claim.lockedWei);
        allocation.account = account;
        allocation.claim.state = ClaimState.Superseded;
        emit ClaimSuperseded(dealId, msg.sender, claim.toEpoch, claim.lockedWei, uint128(bondWei));
        uint256 netWei = _redeem(voucher, signature, to, _currentEpoch());
        TOKEN.safeTransfer(to, netWei + bondWei);
    }

    /// @inheritdoc ISampledClaims
    function voidClaim(bytes32 dealId, address node) external {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        StoredClaim memory claim = allocation.claim;
        if (claim.state != ClaimState.Committed && claim.state != ClaimState.Seeded) {
            revert WrongClaimState(dealId, node, claim.state);
        }
        uint64 lastBlock = _lastBlock(claim);
        if (block.number <= lastBlock) revert ClaimWindowRunning(dealId, node, lastBlock, uint64(block.number));
        uint256 bondWei = _bondWei(claim.lockedWei);
        allocation.account = allocation.account.withoutClaim(claim.lockedWei, claim.toEpoch);
        allocation.claim.state = ClaimState.Void;
        emit ClaimVoided(dealId, node, claim.toEpoch, claim.lockedWei, uint128(bondWei));
        IBurnable(address(TOKEN)).burn(bondWei);
    }

    /// @inheritdoc ISampledClaims
    function claimOf(bytes32 dealId, address node) external view returns (Claim memory) {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        StoredClaim memory claim = allocation.claim;
        bool isPaid = claim.state == ClaimState.Paid;
        bool hasSeed = claim.salted || claim.state == ClaimState.Seeded;
        return
            Claim({
                state: claim.state,
                root: bytes24(allocation.claimRootWord),
                totalBytes: uint64(uint256(allocation.claimRootWord)),
                lockedWei: claim.lockedWei,
                bondWei: claim.state == ClaimState.None ? 0 : uint128(_bondWei(claim.lockedWei)),
                fromEpoch: claim.fromEpoch,
                toEpoch: claim.toEpoch,
                seedBlock: claim.seedBlock,
                lastBlock: claim.state == ClaimState.None ? 0 : _lastBlock(claim),
                seed: hasSeed ? allocation.claimSeed : bytes32(0),
                openedStrata: isPaid ? uint32(_allStrata()) : claim.openedStrata
            });
    }

    /// @inheritdoc ISampledClaims
    function seedOf(bytes32 dealId, address node) external view returns (bytes32) {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        StoredClaim memory claim = allocation.claim;
        if (claim.state == ClaimState.Seeded) return allocation.claimSeed;
        if (claim.state != ClaimState.Committed) revert WrongClaimState(dealId, node, claim.state);
        return _drawSeed(allocation, claim, Place(dealId, node));
    }

    /// @inheritdoc ISampledClaims
    function sampleOf(bytes32 seed, uint64 totalBytes, uint256 stratum) external view returns (uint64) {
        if (stratum >= CLAIM_SAMPLES) revert StrataInvalid(uint256(1) << stratum, CLAIM_SAMPLES);
        return uint64(ClaimSamples.sampleByte(seed, totalBytes, stratum, CLAIM_SAMPLES));
    }

    /// A bit for every stratum.
    function _allStrata() private view returns (uint256) {
        return (uint256(1) << CLAIM_SAMPLES) - 1;
    }

    /// The seed of a Committed claim. It depends on the blocks after the commitment and, in the salt window, on the
    /// publisher; from then on it is one value until it is pinned or its block is forgotten. A claim whose block is
    /// forgotten is void: another draw would be a choice.
    function _drawSeed(
        StoredAllocation storage allocation,
        StoredClaim memory claim,
        Place memory place
    ) private view returns (bytes32) {
        uint64 firstBlock = claim.seedBlock + SALT_WINDOW_BLOCKS + 1;
        if (block.number < firstBlock) {
            revert SeedTooEarly(place.dealId, place.node, firstBlock, uint64(block.number));
        }
        _requireWindow(claim, place);
        return
            ClaimSamples.seedOf(
                blockhash(claim.seedBlock),
                claim.salted ? allocation.claimSeed : bytes32(0),
                place.dealId,
                place.node,
                allocation.claimRootWord,
                claim.toEpoch
            );
    }

    function _requireWindow(StoredClaim memory claim, Place memory place) private view {
        uint64 lastBlock = _lastBlock(claim);
        if (block.number > lastBlock) {
            revert ClaimWindowOver(place.dealId, place.node, lastBlock, uint64(block.number));
        }
    }

    /// Writes the seed of a Committed claim, once.
    function _pin(
        StoredAllocation storage allocation,
        StoredClaim memory claim,
        Place memory place,
        bytes32 seed
    ) private {
        claim.state = ClaimState.Seeded;
        allocation.claim = claim;
        allocation.claimSeed = seed;
        emit SeedPinned(place.dealId, place.node, seed);
    }

    /// Pays a claim of the sender all of whose strata were opened.
    function _pay(StoredAllocation storage allocation, StoredClaim memory claim, Place memory place, address to) private {
        uint96 paidWei = claim.lockedWei;
        Account account = allocation.account;
        uint256 bondWei = _bondWei(paidWei);
        uint256 feeWei = Payments.feeOfPaymentWei(account.paidWei(), paidWei, PROTOCOL_FEE_BPS);
        allocation.account = account.withoutClaim(paidWei, claim.toEpoch).afterPayment(paidWei, claim.toEpoch);
        allocation.claim.state = ClaimState.Paid;
        emit ClaimPaid(place.dealId, place.node, to, claim.toEpoch, paidWei, uint128(feeWei));
        TOKEN.safeTransfer(to, paidWei - feeWei + bondWei);
    }
}
