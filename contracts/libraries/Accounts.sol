// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The money of one node in one deal, in the one storage word that a redemption reads and writes:
/// balance (96 bits) | paid (96) | throughEpoch (32) | thawEndEpoch (32), lowest bits first.
type Account is uint256;

using Accounts for Account global;

/// @title Packing of an account
/// @dev Values are packed without checks: callers keep amounts below 2^96, which the token's supply guarantees.
library Accounts {
    uint256 private constant PAID_SHIFT = 96;
    uint256 private constant THROUGH_EPOCH_SHIFT = 192;
    uint256 private constant THAW_END_SHIFT = 224;
    /// Stands in the place of `throughEpoch` while a claim is open. No epoch reaches it, so the one comparison that
    /// every redemption makes anyway also finds an open claim.
    uint32 private constant CLAIM_OPEN = type(uint32).max;
    uint256 private constant THROUGH_EPOCH_MASK = uint256(type(uint32).max) << THROUGH_EPOCH_SHIFT;

    function pack(
        uint256 balanceWei_,
        uint256 paidWei_,
        uint32 throughEpoch_,
        uint32 thawEndEpoch_
    ) internal pure returns (Account) {
        return
            Account.wrap(
                balanceWei_ |
                    (paidWei_ << PAID_SHIFT) |
                    (uint256(throughEpoch_) << THROUGH_EPOCH_SHIFT) |
                    (uint256(thawEndEpoch_) << THAW_END_SHIFT)
            );
    }

    /// @notice What the node can still be paid at most, wei.
    function balanceWei(Account account) internal pure returns (uint96) {
        return uint96(Account.unwrap(account));
    }

    /// @notice Paid so far, wei.
    function paidWei(Account account) internal pure returns (uint96) {
        return uint96(Account.unwrap(account) >> PAID_SHIFT);
    }

    /// @notice Whether a claim is open; its record then says which epochs are settled.
    function hasOpenClaim(Account account) internal pure returns (bool) {
        return account.throughEpoch() == CLAIM_OPEN;
    }

    /// @notice Epochs up to this one are settled; above every epoch while a claim is open.
    function throughEpoch(Account account) internal pure returns (uint32) {
        return uint32(Account.unwrap(account) >> THROUGH_EPOCH_SHIFT);
    }

    /// @notice First epoch in which the account may be released; zero unless thawing.
    function thawEndEpoch(Account account) internal pure returns (uint32) {
        return uint32(Account.unwrap(account) >> THAW_END_SHIFT);
    }

    /// @notice The account after paying `dueWei`, which is at most the balance.
    /// @dev Adding to `paid` and taking from `balance` is one addition and one subtraction on the whole word.
    function afterPayment(Account account, uint256 dueWei, uint32 throughEpoch_) internal pure returns (Account) {
        unchecked {
            uint256 word = Account.unwrap(account) - dueWei + (dueWei << PAID_SHIFT);
            return
                Account.wrap((word & ~THROUGH_EPOCH_MASK) | (uint256(throughEpoch_) << THROUGH_EPOCH_SHIFT));
        }
    }

    /// @notice The account with another balance.
    function withBalance(Account account, uint96 balanceWei_) internal pure returns (Account) {
        return pack(balanceWei_, account.paidWei(), account.throughEpoch(), account.thawEndEpoch());
    }

    /// @notice The account while a claim is open for `lockedWei`, which leaves the balance.
    function withOpenClaim(Account account, uint96 lockedWei) internal pure returns (Account) {
        return pack(account.balanceWei() - lockedWei, account.paidWei(), CLAIM_OPEN, account.thawEndEpoch());
    }

    /// @notice The account after a claim for epochs up to `toEpoch`, before anything of it is paid.
    function withoutClaim(Account account, uint96 lockedWei, uint32 toEpoch) internal pure returns (Account) {
        return pack(account.balanceWei() + lockedWei, account.paidWei(), toEpoch, account.thawEndEpoch());
    }

    /// @notice The account with another end of thaw; zero for none.
    function withThawEnd(Account account, uint32 thawEndEpoch_) internal pure returns (Account) {
        return pack(account.balanceWei(), account.paidWei(), account.throughEpoch(), thawEndEpoch_);
    }
}
