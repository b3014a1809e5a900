// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {ISampledClaims} from "./interfaces/ISampledClaims.sol";
import {Account} from "./libraries/Accounts.sol";

/// @title What the market remembers, and its immutable terms
/// @dev The market and the code it delegates claims to (`DealClaims`) both derive from this, so that they agree about
/// every storage slot and every term. Nothing else in either of them is stored.
abstract contract DealStorage {
    /// Longest epoch, seconds.
    uint32 private constant MAX_EPOCH_SECONDS = 30 days;
    /// Bound of the protocol fee, basis points.
    uint16 private constant MAX_PROTOCOL_FEE_BPS = 500;
    /// Samples of a claim: a bitmap of 32 bits says which were opened.
    uint8 private constant MAX_CLAIM_SAMPLES = 32;
    /// Blocks whose hash the chain still knows.
    uint256 internal constant BLOCKHASH_WINDOW_BLOCKS = 256;

    /// A claim, beside its root and its seed.
    struct StoredClaim {
        uint96 lockedWei;
        uint40 seedBlock;
        uint32 fromEpoch;
        uint32 toEpoch;
        uint32 openedStrata;
        ISampledClaims.ClaimState state;
        bool salted;
    }

    struct StoredAllocation {
        Account account;
        uint128 ratePerGiB;
        uint96 feeCollectedWei;
        IDealMarket.AllocationState state;
        StoredClaim claim;
        /// Truncated root hash (192 bits) | total bytes (64).
        bytes32 claimRootWord;
        /// The publisher's salt while Committed, then the seed.
        bytes32 claimSeed;
    }

    struct StoredPeerPool {
        uint96 fundedWei;
        uint96 claimedWei;
        uint32 thawEndEpoch;
        uint32 sequence;
        uint96 postedWei;
        uint64 postedAt;
        bytes32 root;
        bytes32 previousRoot;
        mapping(address peer => uint256) claimedByPeerWei;
    }

    struct StoredDeal {
        // The word a redemption reads.
        address collector;
        uint32 keyLastEpoch;
        uint32 contentCodec;
        IDealMarket.DealState state;
        uint8 serviceLevel;
        uint16 openAllocations;
        // The word a claim reads beside it.
        address grantKey;
        uint96 freeWei;
        address publisher;
        bytes32 contentRoot;
        address previousCollector;
        address previousGrantKey;
        mapping(address node => StoredAllocation) allocations;
        StoredPeerPool peerPool;
    }

    IERC20 internal immutable TOKEN;
    INodeRegistry internal immutable REGISTRY;
    uint32 internal immutable EPOCH_SECONDS;
    uint32 internal immutable CLAIM_WINDOW_EPOCHS;
    uint32 internal immutable THAW_EPOCHS;
    uint16 internal immutable PROTOCOL_FEE_BPS;
    uint8 internal immutable CLAIM_SAMPLES;
    uint32 internal immutable SALT_WINDOW_BLOCKS;
    uint32 internal immutable OPENING_WINDOW_BLOCKS;
    uint96 internal immutable CLAIM_BOND_FLOOR_WEI;
    address internal immutable FEE_RECIPIENT;

    mapping(bytes32 dealId => StoredDeal) internal deals;

    constructor(IDealMarket.Terms memory t) {
        if (t.token == address(0) || t.registry == address(0)) revert IDealMarket.AddressZero();
        if (t.epochSeconds == 0 || t.epochSeconds > MAX_EPOCH_SECONDS) {
            revert IDealMarket.InvalidEpochSeconds(t.epochSeconds, MAX_EPOCH_SECONDS);
        }
        if (t.thawEpochs < uint256(t.claimWindowEpochs) + 1) {
            revert IDealMarket.ThawTooShort(t.thawEpochs, t.claimWindowEpochs + 1);
        }
        if (t.protocolFeeBps > MAX_PROTOCOL_FEE_BPS) {
            revert IDealMarket.FeeTooHigh(t.protocolFeeBps, MAX_PROTOCOL_FEE_BPS);
        }
        if (t.protocolFeeBps != 0 && t.feeRecipient == address(0)) revert IDealMarket.AddressZero();
        if (t.claimSamples == 0 || t.claimSamples > MAX_CLAIM_SAMPLES) {
            revert ISampledClaims.InvalidClaimSamples(t.claimSamples, MAX_CLAIM_SAMPLES);
        }
        if (t.saltWindowBlocks >= t.openingWindowBlocks || t.saltWindowBlocks >= BLOCKHASH_WINDOW_BLOCKS) {
            revert ISampledClaims.ClaimWindowsInvalid(t.saltWindowBlocks, t.openingWindowBlocks);
        }
        TOKEN = IERC20(t.token);
        REGISTRY = INodeRegistry(t.registry);
        EPOCH_SECONDS = t.epochSeconds;
        CLAIM_WINDOW_EPOCHS = t.claimWindowEpochs;
        THAW_EPOCHS = t.thawEpochs;
        PROTOCOL_FEE_BPS = t.protocolFeeBps;
        CLAIM_SAMPLES = t.claimSamples;
        SALT_WINDOW_BLOCKS = t.saltWindowBlocks;
        OPENING_WINDOW_BLOCKS = t.openingWindowBlocks;
        CLAIM_BOND_FLOOR_WEI = t.claimBondFloorWei;
        FEE_RECIPIENT = t.feeRecipient;
    }

    function _currentEpoch() internal view returns (uint32) {
        return uint32(block.timestamp / EPOCH_SECONDS);
    }

    /// The bond of a claim: as large as the share of one sample, because that is what a false claim by somebody who
    /// also holds a voucher could gain (SPEC.md, sum-trie and sampled claim); at least the floor.
    function _bondWei(uint256 lockedWei) internal view returns (uint256) {
        uint256 shareWei = lockedWei / CLAIM_SAMPLES;
        return shareWei > CLAIM_BOND_FLOOR_WEI ? shareWei : CLAIM_BOND_FLOOR_WEI;
    }

    /// Last block in which a claim can be pinned, or opened once it is pinned.
    function _lastBlock(StoredClaim memory claim) internal view returns (uint64) {
        uint256 blocks = OPENING_WINDOW_BLOCKS;
        bool pinned = claim.state == ISampledClaims.ClaimState.Seeded;
        if (!pinned && blocks > BLOCKHASH_WINDOW_BLOCKS) blocks = BLOCKHASH_WINDOW_BLOCKS;
        return uint64(claim.seedBlock + blocks);
    }

    function _revertClaimOpen(bytes32 dealId, address node) internal view {
        StoredClaim memory claim = deals[dealId].allocations[node].claim;
        revert ISampledClaims.ClaimOpen(dealId, node, claim.toEpoch, _lastBlock(claim));
    }

    function _requirePublisher(StoredDeal storage deal, bytes32 dealId) internal view {
        address publisher = deal.publisher;
        if (publisher == address(0)) revert IDealMarket.DealUnknown(dealId);
        if (publisher != msg.sender) revert IDealMarket.NotPublisher(dealId, msg.sender, publisher);
    }

    /// A deal that takes new money.
    function _openDealOf(bytes32 dealId) internal view returns (StoredDeal storage deal) {
        deal = deals[dealId];
        if (deal.state == IDealMarket.DealState.None) revert IDealMarket.DealUnknown(dealId);
        if (deal.state != IDealMarket.DealState.Open) revert IDealMarket.DealNotOpen(dealId, deal.state);
    }
}
