// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DealClaims} from "./DealClaims.sol";
import {DealEscrow} from "./DealEscrow.sol";
import {DealStorage} from "./DealStorage.sol";
import {DealVouchers} from "./DealVouchers.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {Account} from "./libraries/Accounts.sol";
import {DealMessages} from "./libraries/DealMessages.sol";
import {Payments} from "./libraries/Payments.sol";

/// @title Market of delivery deals: on top of the escrow, payment of the nodes
/// @dev Every function refuses, updates, announces, and moves tokens last. Before that only views are called (the
/// registry, an ERC-1271 collector), which cannot re-enter with an effect; so no lock against re-entry is needed.
/// Sampled claims and peer pools do not fit into one contract of 24,576 bytes: the market makes `DealClaims` when it is
/// deployed and delegates to it, for ever, every call that is not its own.
contract DealMarket is DealEscrow, DealVouchers {
    using SafeERC20 for IERC20;

    /// Vouchers in one call of `redeemVouchers`.
    uint256 private constant MAX_VOUCHERS_PER_CALL = 64;
    /// Receipts in one call of `claimDirect`.
    uint256 private constant MAX_RECEIPTS_PER_CLAIM = 512;

    address private immutable CLAIMS;

    constructor(Terms memory t) DealStorage(t) {
        CLAIMS = address(new DealClaims(t));
    }

    /// Sampled claims and peer pools: same storage, same terms, other code.
    fallback() external {
        address claims = CLAIMS;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let done := delegatecall(gas(), claims, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if done {
                return(free, returndatasize())
            }
            revert(free, returndatasize())
        }
    }

    /// @inheritdoc IDealMarket
    function redeemVoucher(Voucher calldata voucher, bytes calldata signature, address to) external {
        uint256 netWei = _redeem(voucher, signature, to, _currentEpoch());
        if (netWei == 0) _revertNothingDue(voucher.dealId, deals[voucher.dealId].allocations[msg.sender].account);
        TOKEN.safeTransfer(to, netWei);
    }

    /// @inheritdoc IDealMarket
    function redeemVouchers(SignedVoucher[] calldata vouchers, address to) external {
        _requireLength(vouchers.length, MAX_VOUCHERS_PER_CALL);
        uint32 epoch = _currentEpoch();
        uint256 netWei = 0;
        for (uint256 i = 0; i < vouchers.length; ++i) {
            netWei += _redeem(vouchers[i].voucher, vouchers[i].signature, to, epoch);
        }
        if (netWei == 0) {
            bytes32 dealId = vouchers[0].voucher.dealId;
            _revertNothingDue(dealId, deals[dealId].allocations[msg.sender].account);
        }
        TOKEN.safeTransfer(to, netWei);
    }

    /// @inheritdoc IDealMarket
    function claimDirect(bytes32 dealId, uint32 toEpoch, DirectReceipt[] calldata receipts, address to) external {
        _requireLength(receipts.length, MAX_RECEIPTS_PER_CLAIM);
        uint32 epoch = _currentEpoch();
        if (toEpoch >= epoch) revert EpochNotEnded(toEpoch, epoch);
        StoredAllocation storage allocation = deals[dealId].allocations[msg.sender];
        Account account = allocation.account;
        if (account.hasOpenClaim()) _revertClaimOpen(dealId, msg.sender);
        uint32 throughEpoch = account.throughEpoch();
        if (toEpoch <= throughEpoch) revert EpochSettled(dealId, msg.sender, toEpoch, throughEpoch);
        uint256 bytesTotal = _sumReceipts(deals[dealId], receipts, Span(dealId, throughEpoch, toEpoch));

        uint256 dueWei = Payments.priceWei(bytesTotal, allocation.ratePerGiB);
        if (dueWei > account.balanceWei()) dueWei = account.balanceWei();
        if (dueWei == 0) _revertNothingDue(dealId, account);
        uint256 feeWei = Payments.feeOfPaymentWei(account.paidWei(), dueWei, PROTOCOL_FEE_BPS);
        allocation.account = account.afterPayment(dueWei, toEpoch);
        emit DirectClaimed(dealId, msg.sender, to, toEpoch, bytesTotal, uint128(dueWei), uint128(feeWei));
        TOKEN.safeTransfer(to, dueWei - feeWei);
    }

    /// @inheritdoc IDealMarket
    function collectFees(bytes32 dealId, address[] calldata nodes) external {
        _requireLength(nodes.length, MAX_NODES_PER_CALL);
        uint96 totalWei = 0;
        for (uint256 i = 0; i < nodes.length; ++i) {
            StoredAllocation storage allocation = deals[dealId].allocations[nodes[i]];
            uint96 withinWei = uint96(Payments.feeWithinWei(allocation.account.paidWei(), PROTOCOL_FEE_BPS));
            totalWei += withinWei - allocation.feeCollectedWei;
            allocation.feeCollectedWei = withinWei;
        }
        if (totalWei == 0) revert AmountZero();
        emit FeesCollected(dealId, FEE_RECIPIENT, totalWei);
        TOKEN.safeTransfer(FEE_RECIPIENT, totalWei);
    }

    /// @inheritdoc IDealMarket
    function dealOf(bytes32 dealId) external view returns (Deal memory) {
        StoredDeal storage deal = deals[dealId];
        return
            Deal({
                state: deal.state,
                publisher: deal.publisher,
                collector: deal.collector,
                grantKey: deal.grantKey,
                previousCollector: deal.previousCollector,
                previousGrantKey: deal.previousGrantKey,
                keyLastEpoch: deal.keyLastEpoch,
                contentRoot: deal.contentRoot,
                contentCodec: deal.contentCodec,
                serviceLevel: deal.serviceLevel,
                freeWei: deal.freeWei,
                openAllocations: deal.openAllocations
            });
    }

    /// @inheritdoc IDealMarket
    function allocationOf(bytes32 dealId, address node) external view returns (Allocation memory) {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        Account account = allocation.account;
        uint256 feeWithinWei = Payments.feeWithinWei(account.paidWei(), PROTOCOL_FEE_BPS);
        bool claimOpen = account.hasOpenClaim();
        return
            Allocation({
                state: allocation.state,
                balanceWei: account.balanceWei(),
                paidWei: account.paidWei(),
                ratePerGiB: allocation.ratePerGiB,
                throughEpoch: claimOpen ? allocation.claim.toEpoch : account.throughEpoch(),
                thawEndEpoch: account.thawEndEpoch(),
                feeUncollectedWei: uint128(feeWithinWei - allocation.feeCollectedWei),
                lockedWei: claimOpen ? allocation.claim.lockedWei : 0
            });
    }

    /// @inheritdoc IDealMarket
    function hashGrant(Grant calldata grant) external view returns (bytes32) {
        return _hashTypedDataV4(DealMessages.grantStructHash(grant));
    }

    /// @inheritdoc IDealMarket
    function hashReceipt(Receipt calldata receipt) external view returns (bytes32) {
        return _hashTypedDataV4(DealMessages.receiptStructHash(receipt.grantHash, receipt.bytesCumulative));
    }

    /// @inheritdoc IDealMarket
    function hashVoucher(Voucher calldata voucher) external view returns (bytes32) {
        return
            _hashTypedDataV4(
                DealMessages.voucherStructHash(
                    voucher.dealId,
                    voucher.node,
                    voucher.throughEpoch,
                    voucher.cumulative
                )
            );
    }

    /// @inheritdoc IDealMarket
    function terms() external view returns (Terms memory) {
        return
            Terms({
                token: address(TOKEN),
                registry: address(REGISTRY),
                epochSeconds: EPOCH_SECONDS,
                claimWindowEpochs: CLAIM_WINDOW_EPOCHS,
                thawEpochs: THAW_EPOCHS,
                protocolFeeBps: PROTOCOL_FEE_BPS,
                claimSamples: CLAIM_SAMPLES,
                saltWindowBlocks: SALT_WINDOW_BLOCKS,
                openingWindowBlocks: OPENING_WINDOW_BLOCKS,
                claimBondFloorWei: CLAIM_BOND_FLOOR_WEI,
                feeRecipient: FEE_RECIPIENT
            });
    }

    /// What all receipts of a direct claim have in common.
    struct Span {
        bytes32 dealId;
        uint32 throughEpoch;
        uint32 toEpoch;
    }

    /// Verifies every receipt of a direct claim of the sender and adds up their bytes.
    function _sumReceipts(
        StoredDeal storage deal,
        DirectReceipt[] calldata receipts,
        Span memory span
    ) private view returns (uint256 bytesTotal) {
        Grant memory grant = Grant(span.dealId, msg.sender, address(0), 0, 0, deal.contentRoot);
        address grantKey = deal.grantKey;
        bytes32 previousHash = 0;
        for (uint256 i = 0; i < receipts.length; ++i) {
            DirectReceipt calldata receipt = receipts[i];
            grant.viewerKey = receipt.viewerKey;
            grant.epoch = receipt.epoch;
            grant.capBytes = receipt.capBytes;
            bytes32 grantHash = _hashTypedDataV4(DealMessages.grantStructHash(grant));
            if (grantHash <= previousHash) revert GrantsNotSorted(previousHash, grantHash);
            previousHash = grantHash;
            if (receipt.epoch <= span.throughEpoch || receipt.epoch > span.toEpoch) {
                revert EpochOutsideClaim(grantHash, receipt.epoch, span.throughEpoch, span.toEpoch);
            }
            if (receipt.bytesCumulative > receipt.capBytes) {
                revert CapExceeded(grantHash, receipt.bytesCumulative, receipt.capBytes);
            }
            address signer = _recover(grantHash, receipt.grantR, receipt.grantVS);
            if (signer == address(0) || (signer != grantKey && !_isPreviousGrantKey(deal, signer, receipt.epoch))) {
                revert InvalidGrantSignature(grantHash);
            }
            bytes32 receiptHash = _hashTypedDataV4(
                DealMessages.receiptStructHash(grantHash, receipt.bytesCumulative)
            );
            signer = _recover(receiptHash, receipt.receiptR, receipt.receiptVS);
            if (signer == address(0) || signer != receipt.viewerKey) revert InvalidReceiptSignature(grantHash);
            bytesTotal += receipt.bytesCumulative;
        }
    }
}
