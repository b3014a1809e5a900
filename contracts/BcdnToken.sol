// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IBurnable} from "./interfaces/IBurnable.sol";

/// @title BCDN token
/// @notice ERC-20 with permit; its supply only falls. Nothing is ever minted after deployment: minting for delivered
/// bytes would pay for self-dealing; holders may burn, and the bonds of void claims are (PAYMENT.md, on chain).
contract BcdnToken is ERC20, ERC20Permit, IBurnable {
    /// @notice The supply at deployment, in wei: one thousand million tokens. It fits in 96 bits, which DealMarket relies on
    /// to keep the balance and the payments of an allocation in one storage word.
    uint256 public constant SUPPLY_WEI = 1_000_000_000 ether;

    /// @param holder Receives the whole supply.
    constructor(address holder) ERC20("BCDN", "BCDN") ERC20Permit("BCDN") {
        _mint(holder, SUPPLY_WEI);
    }

    /// @inheritdoc IBurnable
    function burn(uint256 amountWei) external {
        _burn(msg.sender, amountWei);
    }
}
