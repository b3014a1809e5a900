// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {DealStorage} from "./DealStorage.sol";
import {ICallBatches} from "./interfaces/ICallBatches.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {PermitSignature, TokenPermit} from "./libraries/TokenPermit.sol";

/// @title Several calls of the market in one transaction
/// @dev The market delegates to this code, so `address(this)` is the market: each call goes through its dispatch, in its
/// storage, with the sender of the transaction. No function of the market takes ether, so none can count it twice.
abstract contract CallBatches is ICallBatches, DealStorage {
    /// Calls in one batch.
    uint256 private constant MAX_CALLS = 16;

    /// @inheritdoc ICallBatches
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results) {
        if (calls.length == 0) revert IDealMarket.ListEmpty();
        if (calls.length > MAX_CALLS) revert IDealMarket.ListTooLong(calls.length, MAX_CALLS);
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            results[i] = Address.functionDelegateCall(address(this), calls[i]);
        }
    }

    /// @inheritdoc ICallBatches
    function usePermit(uint256 amountWei, PermitSignature calldata permit) external {
        TokenPermit.tryUse(address(TOKEN), amountWei, permit);
    }
}
