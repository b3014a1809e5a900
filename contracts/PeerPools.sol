// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {DealKeys} from "./DealKeys.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {IPeerPools} from "./interfaces/IPeerPools.sol";
import {DealMessages} from "./libraries/DealMessages.sol";

/// @title Payment of peers from the pool of a deal
/// @dev Source: PAYMENT.md, parties and flow. At all times claimed ≤ posted ≤ funded, except that a release lowers
/// `funded` to `claimed`. Amounts are below 2^96 because a deal's free part is.
abstract contract PeerPools is IPeerPools, DealKeys {
    using SafeERC20 for IERC20;

    /// Siblings in a proof: a tree of 2^64 peers.
    uint256 private constant MAX_PROOF_SIBLINGS = 64;

    /// @inheritdoc IPeerPools
    function fundPeerPool(bytes32 dealId, uint128 amountWei) external {
        StoredDeal storage deal = _openDealOf(dealId);
        _requirePublisher(deal, dealId);
        if (amountWei == 0) revert IDealMarket.AmountZero();
        uint96 freeWei = deal.freeWei;
        if (amountWei > freeWei) revert IDealMarket.InsufficientFree(dealId, freeWei, amountWei);
        deal.freeWei = freeWei - uint96(amountWei);
        deal.peerPool.fundedWei += uint96(amountWei);
        deal.peerPool.thawEndEpoch = 0;
        emit PeerPoolFunded(dealId, amountWei);
    }

    /// @inheritdoc IPeerPools
    function postPeerRoot(PeerRoot calldata statement, bytes calldata signature) external {
        bytes32 dealId = statement.dealId;
        StoredDeal storage deal = deals[dealId];
        StoredPeerPool storage pool = deal.peerPool;
        uint32 expected = pool.sequence + 1;
        uint128 totalWei = statement.totalWei;
        if (deal.state == IDealMarket.DealState.None) revert IDealMarket.DealUnknown(dealId);
        if (statement.sequence != expected) revert PeerRootOutOfOrder(dealId, statement.sequence, expected);
        uint64 allowedAt = pool.postedAt + EPOCH_SECONDS;
        if (block.timestamp < allowedAt) revert PeerRootTooEarly(dealId, allowedAt, uint64(block.timestamp));
        if (totalWei < pool.postedWei) revert PeerTotalFell(dealId, totalWei, pool.postedWei);
        if (totalWei > pool.fundedWei) revert PeerPoolTooSmall(dealId, pool.fundedWei, totalWei);
        bytes32 digest = _hashTypedDataV4(DealMessages.peerRootStructHash(statement));
        if (!_isCollectorSignature(deal, digest, signature, _currentEpoch())) {
            revert InvalidPeerRootSignature(dealId, statement.sequence);
        }
        pool.previousRoot = pool.root;
        pool.root = statement.root;
        pool.sequence = expected;
        pool.postedWei = uint96(totalWei);
        pool.postedAt = uint64(block.timestamp);
        emit PeerRootPosted(dealId, expected, statement.root, totalWei);
        _prolongThaw(pool, dealId);
    }

    /// @inheritdoc IPeerPools
    function claimPeer(bytes32 dealId, address peer, uint256 cumulativeWei, bytes32[] calldata proof) external {
        StoredPeerPool storage pool = deals[dealId].peerPool;
        if (proof.length > MAX_PROOF_SIBLINGS) revert IDealMarket.ListTooLong(proof.length, MAX_PROOF_SIBLINGS);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(peer, cumulativeWei))));
        bytes32 root = MerkleProof.processProofCalldata(proof, leaf);
        if (root != pool.root && root != pool.previousRoot) revert PeerProofInvalid(dealId, peer, cumulativeWei);
        uint256 hadWei = pool.claimedByPeerWei[peer];
        uint256 availableWei = _availableWei(pool);
        uint256 dueWei = cumulativeWei > hadWei ? cumulativeWei - hadWei : 0;
        if (dueWei > availableWei) dueWei = availableWei;
        if (dueWei == 0) revert PeerNothingDue(dealId, peer, uint128(hadWei), uint128(availableWei));
        pool.claimedByPeerWei[peer] = hadWei + dueWei;
        pool.claimedWei += uint96(dueWei);
        emit PeerPaid(dealId, peer, uint128(dueWei), uint128(hadWei + dueWei));
        TOKEN.safeTransfer(peer, dueWei);
    }

    /// @inheritdoc IPeerPools
    function thawPeerPool(bytes32 dealId) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        if (deal.peerPool.thawEndEpoch != 0) revert PeerPoolThaws(dealId, deal.peerPool.thawEndEpoch);
        _thawUntil(deal.peerPool, dealId, _currentEpoch() + THAW_EPOCHS);
    }

    /// @inheritdoc IPeerPools
    function releasePeerPool(bytes32 dealId) external {
        StoredDeal storage deal = deals[dealId];
        StoredPeerPool storage pool = deal.peerPool;
        _requirePublisher(deal, dealId);
        uint32 thawEndEpoch = pool.thawEndEpoch;
        uint32 epoch = _currentEpoch();
        if (thawEndEpoch == 0) revert PeerPoolNotThawing(dealId);
        if (epoch < thawEndEpoch) revert PeerPoolThawNotEnded(dealId, thawEndEpoch, epoch);
        uint96 remainingWei = pool.fundedWei - pool.claimedWei;
        pool.fundedWei = pool.claimedWei;
        pool.thawEndEpoch = 0;
        deal.freeWei += remainingWei;
        emit PeerPoolReleased(dealId, remainingWei);
    }

    /// @inheritdoc IPeerPools
    function peerPoolOf(bytes32 dealId) external view returns (PeerPool memory) {
        StoredPeerPool storage pool = deals[dealId].peerPool;
        return
            PeerPool({
                fundedWei: pool.fundedWei,
                claimedWei: pool.claimedWei,
                postedWei: pool.postedWei,
                root: pool.root,
                previousRoot: pool.previousRoot,
                sequence: pool.sequence,
                postedAt: pool.postedAt,
                thawEndEpoch: pool.thawEndEpoch
            });
    }

    /// @inheritdoc IPeerPools
    function peerClaimedWei(bytes32 dealId, address peer) external view returns (uint128) {
        return uint128(deals[dealId].peerPool.claimedByPeerWei[peer]);
    }

    /// @inheritdoc IPeerPools
    function hashPeerRoot(PeerRoot calldata statement) external view returns (bytes32) {
        return _hashTypedDataV4(DealMessages.peerRootStructHash(statement));
    }

    /// What peers can claim now: what was posted, as far as the pool still holds it.
    function _availableWei(StoredPeerPool storage pool) private view returns (uint256) {
        uint256 boundWei = pool.postedWei < pool.fundedWei ? pool.postedWei : pool.fundedWei;
        return boundWei > pool.claimedWei ? boundWei - pool.claimedWei : 0;
    }

    /// A root posted in the thaw leaves its peers the whole claim window.
    function _prolongThaw(StoredPeerPool storage pool, bytes32 dealId) private {
        if (pool.thawEndEpoch == 0) return;
        uint32 thawEndEpoch = _currentEpoch() + CLAIM_WINDOW_EPOCHS + 1;
        if (thawEndEpoch > pool.thawEndEpoch) _thawUntil(pool, dealId, thawEndEpoch);
    }

    function _thawUntil(StoredPeerPool storage pool, bytes32 dealId, uint32 thawEndEpoch) private {
        pool.thawEndEpoch = thawEndEpoch;
        emit PeerPoolThawing(dealId, thawEndEpoch);
    }
}
