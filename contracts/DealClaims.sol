// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CallBatches} from "./CallBatches.sol";
import {DealStorage} from "./DealStorage.sol";
import {PeerPools} from "./PeerPools.sol";
import {SampledClaims} from "./SampledClaims.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";

/// @title Code of the market for sampled claims, peer pools and batches of calls
/// @dev The market delegates to it. At its own address it holds no deal and no token, so calls there find nothing.
contract DealClaims is SampledClaims, PeerPools, CallBatches {
    constructor(IDealMarket.Terms memory t) DealStorage(t) {}
}
