// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DealStorage} from "./DealStorage.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {Account, Accounts} from "./libraries/Accounts.sol";
import {PermitSignature, TokenPermit} from "./libraries/TokenPermit.sol";

/// @title The publisher's side of the market: escrow, allocation, thaw, refund and keys
abstract contract DealEscrow is IDealMarket, DealStorage {
    using SafeERC20 for IERC20;

    /// Nodes in one call of `allocate`, `thaw`, `release`, `closeDeal`, `collectFees`.
    uint256 internal constant MAX_NODES_PER_CALL = 64;

    /// @inheritdoc IDealMarket
    function openDeal(OpenDeal calldata request) external returns (bytes32 dealId) {
        return _openDeal(request);
    }

    /// @inheritdoc IDealMarket
    function openDealWithPermit(
        OpenDeal calldata request,
        PermitSignature calldata permit
    ) external returns (bytes32 dealId) {
        TokenPermit.tryUse(address(TOKEN), request.depositWei, permit);
        return _openDeal(request);
    }

    /// @inheritdoc IDealMarket
    function topUp(bytes32 dealId, uint128 amountWei) external {
        StoredDeal storage deal = _openDealOf(dealId);
        if (amountWei == 0) revert AmountZero();
        deal.freeWei = _toUint96(uint256(deal.freeWei) + amountWei);
        emit ToppedUp(dealId, msg.sender, amountWei);
        TOKEN.safeTransferFrom(msg.sender, address(this), amountWei);
    }

    /// @inheritdoc IDealMarket
    function allocate(bytes32 dealId, AllocationRequest[] calldata requests) external {
        StoredDeal storage deal = _openDealOf(dealId);
        _requirePublisher(deal, dealId);
        _requireLength(requests.length, MAX_NODES_PER_CALL);
        uint96 freeWei = deal.freeWei;
        uint16 opened = 0;
        for (uint256 i = 0; i < requests.length; ++i) {
            AllocationRequest calldata request = requests[i];
            if (request.amountWei == 0) revert AmountZero();
            if (request.amountWei > freeWei) revert InsufficientFree(dealId, freeWei, request.amountWei);
            freeWei -= uint96(request.amountWei);
            if (_allocate(dealId, request)) ++opened;
            emit Allocated(dealId, request.node, request.amountWei, request.ratePerGiB);
        }
        deal.freeWei = freeWei;
        deal.openAllocations += opened;
    }

    /// @inheritdoc IDealMarket
    function thaw(bytes32 dealId, address[] calldata nodes) external {
        _requirePublisher(deals[dealId], dealId);
        _requireLength(nodes.length, MAX_NODES_PER_CALL);
        for (uint256 i = 0; i < nodes.length; ++i) {
            StoredAllocation storage allocation = deals[dealId].allocations[nodes[i]];
            if (allocation.state != AllocationState.Active) {
                revert WrongAllocationState(dealId, nodes[i], allocation.state);
            }
            _startThaw(allocation, dealId, nodes[i]);
        }
    }

    /// @inheritdoc IDealMarket
    function release(bytes32 dealId, address[] calldata nodes) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        _requireLength(nodes.length, MAX_NODES_PER_CALL);
        uint96 releasedWei = 0;
        for (uint256 i = 0; i < nodes.length; ++i) releasedWei += _release(dealId, nodes[i]);
        deal.freeWei += releasedWei;
        deal.openAllocations -= uint16(nodes.length);
        _closeIfDone(deal, dealId);
    }

    /// @inheritdoc IDealMarket
    function closeDeal(bytes32 dealId, address[] calldata nodes) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        if (deal.state == DealState.Closed) revert DealNotOpen(dealId, deal.state);
        if (nodes.length > MAX_NODES_PER_CALL) revert ListTooLong(nodes.length, MAX_NODES_PER_CALL);
        if (deal.state == DealState.Open) {
            deal.state = DealState.Closing;
            emit DealClosing(dealId);
        }
        for (uint256 i = 0; i < nodes.length; ++i) {
            StoredAllocation storage allocation = deals[dealId].allocations[nodes[i]];
            if (allocation.state == AllocationState.Active) _startThaw(allocation, dealId, nodes[i]);
        }
        _closeIfDone(deal, dealId);
    }

    /// @inheritdoc IDealMarket
    function withdraw(bytes32 dealId, uint128 amountWei, address to) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        if (amountWei == 0) revert AmountZero();
        if (amountWei > deal.freeWei) revert InsufficientFree(dealId, deal.freeWei, amountWei);
        deal.freeWei -= uint96(amountWei);
        emit Withdrawn(dealId, to, amountWei);
        TOKEN.safeTransfer(to, amountWei);
    }

    /// @inheritdoc IDealMarket
    function rotateKeys(bytes32 dealId, address grantKey, address collector) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        if (grantKey == address(0) || collector == address(0)) revert AddressZero();
        uint32 epoch = _currentEpoch();
        if (deal.previousGrantKey != address(0)) {
            uint32 allowedFromEpoch = deal.keyLastEpoch + CLAIM_WINDOW_EPOCHS + 1;
            if (epoch < allowedFromEpoch) revert RotationTooEarly(dealId, allowedFromEpoch, epoch);
        }
        deal.previousGrantKey = deal.grantKey;
        deal.previousCollector = deal.collector;
        deal.grantKey = grantKey;
        deal.collector = collector;
        deal.keyLastEpoch = epoch + 1;
        emit KeysRotated(dealId, grantKey, collector, epoch + 1);
    }

    /// @inheritdoc IDealMarket
    function currentEpoch() external view returns (uint32) {
        return _currentEpoch();
    }

    /// @inheritdoc IDealMarket
    function epochSeconds() external view returns (uint32) {
        return EPOCH_SECONDS;
    }

    function _openDeal(OpenDeal calldata request) private returns (bytes32 dealId) {
        dealId = keccak256(abi.encode(block.chainid, address(this), msg.sender, request.salt));
        StoredDeal storage deal = deals[dealId];
        if (deal.state != DealState.None) revert DealExists(dealId);
        if (request.collector == address(0) || request.grantKey == address(0)) revert AddressZero();
        if (request.contentRoot == 0) revert ContentRootMissing();
        deal.collector = request.collector;
        deal.contentCodec = request.contentCodec;
        deal.state = DealState.Open;
        deal.serviceLevel = request.serviceLevel;
        deal.grantKey = request.grantKey;
        deal.freeWei = _toUint96(request.depositWei);
        deal.publisher = msg.sender;
        deal.contentRoot = request.contentRoot;
        emit DealOpened(
            dealId,
            msg.sender,
            request.contentRoot,
            request.contentCodec,
            request.serviceLevel,
            request.collector,
            request.grantKey,
            request.depositWei
        );
        if (request.depositWei != 0) TOKEN.safeTransferFrom(msg.sender, address(this), request.depositWei);
    }

    /// Creates an allocation or adds to it; says whether it was not open before.
    function _allocate(bytes32 dealId, AllocationRequest calldata request) private returns (bool opened) {
        address node = request.node;
        if (request.ratePerGiB == 0) revert RateZero();
        if (!REGISTRY.isActiveEdge(node)) revert NodeNotActive(node);
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        Account account = allocation.account;
        AllocationState state = allocation.state;
        if (state == AllocationState.None) {
            allocation.ratePerGiB = request.ratePerGiB;
            // Epochs before the allocation were never its business, so no old grant can be claimed from it.
            account = Accounts.pack(0, 0, _currentEpoch() - 1, 0);
        } else if (allocation.ratePerGiB != request.ratePerGiB) {
            revert RateMismatch(dealId, node, allocation.ratePerGiB, request.ratePerGiB);
        }
        if (state != AllocationState.Active) {
            allocation.state = AllocationState.Active;
            account = account.withThawEnd(0);
        }
        // Bounding all that was ever allocated keeps `paid` within its field however often tokens go round.
        uint256 balanceWei = uint256(account.balanceWei()) + request.amountWei;
        uint256 lockedWei = account.hasOpenClaim() ? allocation.claim.lockedWei : 0;
        _toUint96(account.paidWei() + lockedWei + balanceWei);
        allocation.account = account.withBalance(uint96(balanceWei));
        return state == AllocationState.None || state == AllocationState.Released;
    }

    function _startThaw(StoredAllocation storage allocation, bytes32 dealId, address node) private {
        uint32 thawEndEpoch = _currentEpoch() + THAW_EPOCHS;
        allocation.state = AllocationState.Thawing;
        allocation.account = allocation.account.withThawEnd(thawEndEpoch);
        emit ThawStarted(dealId, node, thawEndEpoch);
    }

    function _release(bytes32 dealId, address node) private returns (uint96 amountWei) {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        if (allocation.state != AllocationState.Thawing) {
            revert WrongAllocationState(dealId, node, allocation.state);
        }
        uint32 epoch = _currentEpoch();
        Account account = allocation.account;
        if (epoch < account.thawEndEpoch()) revert ThawNotEnded(dealId, node, account.thawEndEpoch(), epoch);
        if (account.hasOpenClaim()) _revertClaimOpen(dealId, node);
        amountWei = account.balanceWei();
        allocation.account = account.withBalance(0).withThawEnd(0);
        allocation.state = AllocationState.Released;
        emit Released(dealId, node, amountWei);
    }

    function _closeIfDone(StoredDeal storage deal, bytes32 dealId) private {
        if (deal.state != DealState.Closing || deal.openAllocations != 0) return;
        deal.state = DealState.Closed;
        emit DealClosed(dealId);
    }

    function _requireLength(uint256 length, uint256 max) internal pure {
        if (length == 0) revert ListEmpty();
        if (length > max) revert ListTooLong(length, max);
    }

    function _toUint96(uint256 amountWei) private pure returns (uint96) {
        if (amountWei > type(uint96).max) revert AmountTooLarge(amountWei, type(uint96).max);
        return uint96(amountWei);
    }
}
