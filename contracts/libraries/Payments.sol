// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Arithmetic of prices, payments and fees
/// @dev Pure, so that it can be fuzzed by itself.
library Payments {
    uint256 internal constant BPS = 10_000;

    /// @notice ⌊bytes × ratePerGiB / 2^30⌋, wei.
    /// @dev The product fits: `bytesTotal` is a sum of at most 2^32 values below 2^64, the rate is below 2^128.
    function priceWei(uint256 bytesTotal, uint128 ratePerGiB) internal pure returns (uint256) {
        return (bytesTotal * ratePerGiB) >> 30;
    }

    /// @notice What a cumulative claim pays now: never more than the balance, never what was paid before.
    function duePaymentWei(uint256 cumulativeWei, uint256 paidWei, uint256 balanceWei) internal pure returns (uint256) {
        if (cumulativeWei <= paidWei) return 0;
        uint256 owedWei = cumulativeWei - paidWei;
        return owedWei < balanceWei ? owedWei : balanceWei;
    }

    /// @notice The fee contained in everything an allocation has paid. A function of the sum, so that many small
    /// payments cannot escape it by rounding, and nothing needs to be stored at a payment.
    function feeWithinWei(uint256 paidWei, uint256 feeBps) internal pure returns (uint256) {
        return (paidWei * feeBps) / BPS;
    }

    /// @notice The part of a payment of `dueWei` that is the fee, after `paidBeforeWei` were paid.
    /// @dev Amounts are below 2^96, so nothing here can overflow.
    function feeOfPaymentWei(uint256 paidBeforeWei, uint256 dueWei, uint256 feeBps) internal pure returns (uint256) {
        unchecked {
            return ((paidBeforeWei + dueWei) * feeBps) / BPS - (paidBeforeWei * feeBps) / BPS;
        }
    }
}
