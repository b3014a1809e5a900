// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A token whose holders can destroy what they hold
interface IBurnable {
    /// @notice Destroys tokens of the sender; the total supply falls.
    function burn(uint256 amountWei) external;
}
