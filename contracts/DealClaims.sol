// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DealStorage} from "./DealStorage.sol";
import {PeerPools} from "./PeerPools.sol";
import {SampledClaims} from "./SampledClaims.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";

/// @title Code of the market for sampled claims and peer pools
/// @dev The market delegates to it. At its own address it holds no deal and no token, so calls there find nothing.
contract DealClaims is SampledClaims, PeerPools {
    constructor(IDealMarket.Terms memory t) DealStorage(t) {}
}
