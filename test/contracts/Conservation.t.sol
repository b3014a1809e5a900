// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDealMarket} from "../../contracts/interfaces/IDealMarket.sol";
import {IPeerPools} from "../../contracts/interfaces/IPeerPools.sol";
import {ISampledClaims} from "../../contracts/interfaces/ISampledClaims.sol";
import {ClaimActions} from "./ClaimActions.t.sol";

/// Invariants of the market under any sequence of actions (PAYMENT.md, invariants; the sixth is a matter of
/// reading: no loop is longer than a named limit).
contract ConservationTest {
    ClaimActions private actions;

    function setUp() external {
        actions = new ClaimActions();
    }

    /// The runner calls only these.
    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(actions);
    }

    /// Every token held belongs to somebody, to the last unit.
    function invariant_tokensHeldAreTheSumOfWhatIsOwed() external view {
        uint256 owedWei = 0;
        for (uint256 deal = 0; deal < 2; ++deal) {
            owedWei += actions.market().dealOf(actions.deals(deal)).freeWei + _poolWei(deal);
            for (uint256 node = 0; node < 2; ++node) {
                IDealMarket.Allocation memory allocation = _allocation(deal, node);
                owedWei += allocation.balanceWei + allocation.lockedWei + allocation.feeUncollectedWei;
                if (allocation.lockedWei != 0) {
                    owedWei += actions.claims().claimOf(actions.deals(deal), actions.nodes(node)).bondWei;
                }
            }
        }
        assert(actions.token().balanceOf(address(actions.market())) == owedWei);
        // The supply falls by burned bonds and by nothing else.
        assert(actions.token().totalSupply() + actions.burnedWei() == actions.token().SUPPLY_WEI());
    }

    function invariant_paidBalanceAndLockedAreAllocatedLessReleased() external view {
        for (uint256 deal = 0; deal < 2; ++deal) {
            for (uint256 node = 0; node < 2; ++node) {
                IDealMarket.Allocation memory allocation = _allocation(deal, node);
                assert(
                    uint256(allocation.paidWei) + allocation.balanceWei + allocation.lockedWei ==
                        actions.allocatedWei(deal, node) - actions.releasedWei(deal, node)
                );
            }
        }
    }

    /// What the publisher put in is what it took back, what is in the market, and what was paid.
    function invariant_nothingIsLostBetweenPublisherAndNodes() external view {
        uint256 paidWei = 0;
        uint256 heldWei = 0;
        for (uint256 deal = 0; deal < 2; ++deal) {
            heldWei += actions.market().dealOf(actions.deals(deal)).freeWei + _poolWei(deal);
            paidWei += actions.pools().peerPoolOf(actions.deals(deal)).claimedWei;
            for (uint256 node = 0; node < 2; ++node) {
                paidWei += _allocation(deal, node).paidWei;
                heldWei += _allocation(deal, node).balanceWei + _allocation(deal, node).lockedWei;
            }
        }
        assert(actions.depositedWei() == actions.withdrawnWei() + heldWei + paidWei);
    }

    /// What the actions watched for: invariants 3, 4, 5 and 7, and the peers' amounts.
    function invariant_noRuleWasBroken() external view {
        assert(!actions.somethingFell());
        assert(!actions.paidTwice());
        assert(!actions.releasedEarly());
        assert(!actions.paidUnopened());
        assert(!actions.seedChanged());
        assert(!actions.strangerMoved());
        assert(!actions.peerPaidWrong());
    }

    function _poolWei(uint256 deal) private view returns (uint256) {
        IPeerPools.PeerPool memory pool = actions.pools().peerPoolOf(actions.deals(deal));
        assert(pool.claimedWei <= pool.fundedWei && pool.claimedWei <= pool.postedWei);
        return pool.fundedWei - pool.claimedWei;
    }

    function _allocation(uint256 deal, uint256 node) private view returns (IDealMarket.Allocation memory) {
        return actions.market().allocationOf(actions.deals(deal), actions.nodes(node));
    }

    /// One full way through all actions: the invariants above are not about a market in which nothing happens.
    function test_actionsReachEveryState() external {
        actions.topUp(0, 1_000 ether);
        actions.allocate(0, 0, 100 ether);
        actions.wait(20);
        actions.redeem(0, 0, 10 ether, 1);
        assert(_allocation(0, 0).paidWei == 10 ether);
        actions.wait(20);
        actions.claim(0, 0, 5 << 30, 1);
        assert(_allocation(0, 0).paidWei == 15 ether);
        actions.collectFees(0, 0);
        assert(_allocation(0, 0).feeUncollectedWei == 0);
        actions.thaw(0, 0);
        actions.wait(30);
        actions.release(0, 0);
        assert(_allocation(0, 0).state == IDealMarket.AllocationState.Released);
        actions.withdraw(0, 500 ether);
        assert(actions.withdrawnWei() == 500 ether);
        assert(actions.market().dealOf(actions.deals(0)).freeWei == 485 ether);
    }

    function test_claimsReachEveryState() external {
        actions.topUp(0, 1_000 ether);
        actions.allocate(0, 0, 100 ether);
        actions.wait(10);
        actions.commit(0, 0, (2 << 30) - 1, 1, 1);
        assert(_allocation(0, 0).lockedWei == 2 ether && _claim().state == ISampledClaims.ClaimState.Committed);
        actions.salt(0, 0, bytes32(uint256(5)));
        actions.mine(4);
        actions.openStrata(0, 0, 3);
        assert(_claim().state == ISampledClaims.ClaimState.Seeded && _claim().openedStrata == 3);
        actions.openStrata(0, 0, 2);
        assert(_claim().state == ISampledClaims.ClaimState.Paid && _allocation(0, 0).paidWei == 2 ether);
        actions.wait(10);
        actions.commit(0, 0, 1 << 30, 3, 1);
        actions.mine(4);
        actions.pin(0, 0);
        assert(_claim().state == ISampledClaims.ClaimState.Seeded);
        actions.openStrata(0, 0, 2);
        actions.mine(296);
        actions.voidClaim(0, 0);
        assert(_claim().state == ISampledClaims.ClaimState.Void && actions.burnedWei() >= 1 ether);
        actions.wait(10);
        actions.commit(0, 0, (1 << 30) - 1, 1, 1);
        actions.supersede(0, 0, 4 ether);
        assert(_claim().state == ISampledClaims.ClaimState.Superseded && _allocation(0, 0).paidWei == 4 ether);
        actions.fundPool(0, 50 ether);
        actions.postAndClaim(0, 3 ether, 4 ether, 0, 1);
        assert(actions.peerPaidWei(0, 1) == 4 ether);
        actions.thawPool(0);
        actions.wait(30);
        actions.releasePool(0);
        assert(_poolWei(0) == 0);
    }

    function _claim() private view returns (ISampledClaims.Claim memory) {
        return actions.claims().claimOf(actions.deals(0), actions.nodes(0));
    }
}
