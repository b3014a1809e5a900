// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @notice An ERC-2612 signature of the caller over the amount that the call is about to pull.
struct PermitSignature {
    /// @dev Last second at which the permit is good, seconds since 1970.
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @title Use of a permit that an onlooker may already have used
library TokenPermit {
    /// @notice Raises this contract's allowance from the caller to `amountWei` if the permit is still unused.
    /// @dev Anyone may copy a permit from the mempool and use it first. The allowance is then in place although the
    /// call here fails, so a failure is not refused: the transfer that follows decides.
    function tryUse(address token, uint256 amountWei, PermitSignature calldata permit) internal {
        try
            IERC20Permit(token).permit(
                msg.sender,
                address(this),
                amountWei,
                permit.deadline,
                permit.v,
                permit.r,
                permit.s
            )
        // solhint-disable-next-line no-empty-blocks
        {} catch {
            // Nothing to do: see the note above.
        }
    }
}
