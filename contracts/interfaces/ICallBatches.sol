// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PermitSignature} from "../libraries/TokenPermit.sol";

/// @title Several calls of the market in one transaction
/// @notice A publisher opens and allocates, tops up and allocates, or releases and withdraws with one confirmation of its
/// wallet. The identifier of a deal follows from its publisher and salt, so a call can name a deal that the call before
/// opens.
///
/// These functions are called at the address of the market.
interface ICallBatches {
    /// @notice Runs calls of this market one after the other in the name of the caller; one refusal undoes all, and is the
    /// refusal of the whole.
    /// @param calls selector and arguments each.
    /// @return results what each call returned.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results);

    /// @notice Raises the market's allowance from the caller by its signature; without effect if that was used before, so
    /// that an onlooker who uses it first stops nothing.
    /// @param amountWei what the signature is over.
    function usePermit(uint256 amountWei, PermitSignature calldata permit) external;
}
