// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DealKeys} from "./DealKeys.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {Account} from "./libraries/Accounts.sol";
import {DealMessages} from "./libraries/DealMessages.sol";
import {Payments} from "./libraries/Payments.sol";

/// @title Settlement of a voucher
abstract contract DealVouchers is DealKeys {
    /// Settles one voucher; returns what is to be sent to its node.
    function _redeem(
        IDealMarket.Voucher calldata voucher,
        bytes calldata signature,
        address to,
        uint32 epoch
    ) internal returns (uint256 netWei) {
        bytes32 dealId = voucher.dealId;
        uint32 throughEpoch = voucher.throughEpoch;
        if (voucher.node != msg.sender) revert IDealMarket.WrongNode(voucher.node, msg.sender);
        if (throughEpoch >= epoch) revert IDealMarket.EpochNotEnded(throughEpoch, epoch);
        StoredDeal storage deal = deals[dealId];
        StoredAllocation storage allocation = deal.allocations[msg.sender];
        Account account = allocation.account;
        if (throughEpoch < account.throughEpoch()) {
            if (account.hasOpenClaim()) _revertClaimOpen(dealId, msg.sender);
            revert IDealMarket.EpochSettled(dealId, msg.sender, throughEpoch, account.throughEpoch());
        }
        uint128 cumulativeWei = voucher.cumulative;
        bytes32 digest = _hashTypedDataV4(
            DealMessages.voucherStructHash(dealId, msg.sender, throughEpoch, cumulativeWei)
        );
        if (!_isCollectorSignature(deal, digest, signature, throughEpoch)) {
            revert IDealMarket.InvalidVoucherSignature(dealId, msg.sender, throughEpoch);
        }

        uint256 dueWei = Payments.duePaymentWei(cumulativeWei, account.paidWei(), account.balanceWei());
        if (dueWei == 0) return 0;
        uint256 feeWei = Payments.feeOfPaymentWei(account.paidWei(), dueWei, PROTOCOL_FEE_BPS);
        allocation.account = account.afterPayment(dueWei, throughEpoch);
        emit IDealMarket.VoucherRedeemed(
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

    function _revertNothingDue(bytes32 dealId, Account account) internal view {
        revert IDealMarket.NothingDue(dealId, msg.sender, account.paidWei(), account.balanceWei());
    }
}
