// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {DealEscrow} from "./DealEscrow.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {Account} from "./libraries/Accounts.sol";
import {DealMessages} from "./libraries/DealMessages.sol";
import {Payments} from "./libraries/Payments.sol";

/// @title Market of delivery deals: on top of the escrow, payment of the nodes
/// @dev Every function refuses, updates, announces, and moves tokens last. Before that only views are called (the
/// registry, an ERC-1271 collector), which cannot re-enter with an effect; so no lock against re-entry is needed.
contract DealMarket is DealEscrow, EIP712 {
    using SafeERC20 for IERC20;

    /// Vouchers in one call of `redeemVouchers`.
    uint256 private constant MAX_VOUCHERS_PER_CALL = 64;
    /// Receipts in one call of `claimDirect`.
    uint256 private constant MAX_RECEIPTS_PER_CLAIM = 512;

    constructor(Terms memory t) DealEscrow(t) EIP712("BCDN", "1") {}

    /// @inheritdoc IDealMarket
    function redeemVoucher(Voucher calldata voucher, bytes calldata signature, address to) external {
        uint256 netWei = _redeem(voucher, signature, to, currentEpoch());
        if (netWei == 0) _revertNothingDue(voucher.dealId, deals[voucher.dealId].allocations[msg.sender].account);
        TOKEN.safeTransfer(to, netWei);
    }

    /// @inheritdoc IDealMarket
    function redeemVouchers(SignedVoucher[] calldata vouchers, address to) external {
        _requireLength(vouchers.length, MAX_VOUCHERS_PER_CALL);
        uint32 epoch = currentEpoch();
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
        uint32 epoch = currentEpoch();
        if (toEpoch >= epoch) revert EpochNotEnded(toEpoch, epoch);
        StoredAllocation storage allocation = deals[dealId].allocations[msg.sender];
        Account account = allocation.account;
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
        return
            Allocation({
                state: allocation.state,
                balanceWei: account.balanceWei(),
                paidWei: account.paidWei(),
                ratePerGiB: allocation.ratePerGiB,
                throughEpoch: account.throughEpoch(),
                thawEndEpoch: account.thawEndEpoch(),
                feeUncollectedWei: uint128(feeWithinWei - allocation.feeCollectedWei)
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
                epochSeconds: epochSeconds,
                claimWindowEpochs: CLAIM_WINDOW_EPOCHS,
                thawEpochs: THAW_EPOCHS,
                protocolFeeBps: PROTOCOL_FEE_BPS,
                feeRecipient: FEE_RECIPIENT
            });
    }

    /// Settles one voucher; returns what is to be sent to its node.
    function _redeem(
        Voucher calldata voucher,
        bytes calldata signature,
        address to,
        uint32 epoch
    ) private returns (uint256 netWei) {
        bytes32 dealId = voucher.dealId;
        uint32 throughEpoch = voucher.throughEpoch;
        if (voucher.node != msg.sender) revert WrongNode(voucher.node, msg.sender);
        if (throughEpoch >= epoch) revert EpochNotEnded(throughEpoch, epoch);
        StoredDeal storage deal = deals[dealId];
        StoredAllocation storage allocation = deal.allocations[msg.sender];
        Account account = allocation.account;
        if (throughEpoch < account.throughEpoch()) {
            revert EpochSettled(dealId, msg.sender, throughEpoch, account.throughEpoch());
        }
        uint128 cumulativeWei = voucher.cumulative;
        bytes32 digest = _hashTypedDataV4(
            DealMessages.voucherStructHash(dealId, msg.sender, throughEpoch, cumulativeWei)
        );
        if (!_isCollectorSignature(deal, digest, signature, throughEpoch)) {
            revert InvalidVoucherSignature(dealId, msg.sender, throughEpoch);
        }

        uint256 dueWei = Payments.duePaymentWei(cumulativeWei, account.paidWei(), account.balanceWei());
        if (dueWei == 0) return 0;
        uint256 feeWei = Payments.feeOfPaymentWei(account.paidWei(), dueWei, PROTOCOL_FEE_BPS);
        allocation.account = account.afterPayment(dueWei, throughEpoch);
        emit VoucherRedeemed(
            dealId,
            msg.sender,
            to,
            throughEpoch,
            cumulativeWei,
            uint128(dueWei),
            uint128(feeWei)
        );
        unchecked {
            return dueWei - feeWei;
        }
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

    /// Whether the collector signed, or the one before if its key is good for this epoch.
    function _isCollectorSignature(
        StoredDeal storage deal,
        bytes32 digest,
        bytes calldata signature,
        uint32 throughEpoch
    ) private view returns (bool) {
        address collector = deal.collector;
        address signer = address(0);
        if (signature.length == 64) {
            (bytes32 r, bytes32 vs) = abi.decode(signature, (bytes32, bytes32));
            signer = _recover(digest, r, vs);
            if (signer != address(0) && signer == collector) return true;
        }
        if (SignatureChecker.isValidERC1271SignatureNowCalldata(collector, digest, signature)) return true;
        if (throughEpoch > deal.keyLastEpoch) return false;
        address previous = deal.previousCollector;
        return
            (signer != address(0) && signer == previous) ||
            SignatureChecker.isValidERC1271SignatureNowCalldata(previous, digest, signature);
    }

    function _isPreviousGrantKey(StoredDeal storage deal, address signer, uint32 epoch) private view returns (bool) {
        return epoch <= deal.keyLastEpoch && signer == deal.previousGrantKey;
    }

    function _revertNothingDue(bytes32 dealId, Account account) private view {
        revert NothingDue(dealId, msg.sender, account.paidWei(), account.balanceWei());
    }

    /// The signer of a compact signature with low s, or zero.
    function _recover(bytes32 digest, bytes32 r, bytes32 vs) private pure returns (address signer) {
        (signer, , ) = ECDSA.tryRecover(digest, r, vs);
    }
}
