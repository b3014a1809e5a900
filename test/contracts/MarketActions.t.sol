// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BcdnToken} from "../../contracts/BcdnToken.sol";
import {DealMarket} from "../../contracts/DealMarket.sol";
import {NodeRegistry} from "../../contracts/NodeRegistry.sol";
import {IDealMarket} from "../../contracts/interfaces/IDealMarket.sol";
import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {IPeerPools} from "../../contracts/interfaces/IPeerPools.sol";
import {ISampledClaims} from "../../contracts/interfaces/ISampledClaims.sol";
import {vm} from "./Vm.t.sol";

/// What parties may do, in any order and with any values; it keeps the books that the contract does not keep.
abstract contract MarketActions {
    uint256 internal constant COLLECTOR_KEY = 0xc011ec;
    uint256 internal constant GRANT_KEY = 0x96a47;
    uint256 internal constant VIEWER_KEY = 0x71e3e6;
    uint128 public constant RATE = 1 ether;
    bytes32 public constant CONTENT = keccak256("content");

    BcdnToken public immutable token;
    NodeRegistry public immutable registry;
    DealMarket public immutable market;
    ISampledClaims public immutable claims;
    IPeerPools public immutable pools;
    address public constant PUBLISHER = address(0xb0b);
    address[2] public nodes = [address(0xed6e1), address(0xed6e2)];
    bytes32[2] public deals;

    /// Allocated and released so far, by deal and node.
    uint256[2][2] public allocatedWei;
    uint256[2][2] public releasedWei;
    uint256 public depositedWei;
    uint256 public withdrawnWei;
    /// Set when something fell that must never fall.
    bool public somethingFell;
    /// Set when an allocation was released before its thaw or while a claim was open.
    bool public releasedEarly;
    /// Set when epochs were paid that had been settled before.
    bool public paidTwice;

    constructor() {
        vm.warp(1_800_000_000);
        token = new BcdnToken(address(this));
        registry = new NodeRegistry(token, 1, 1);
        market = new DealMarket(
            IDealMarket.Terms(address(token), address(registry), 100, 1, 2, 137, 4, 1, 20, 1 ether, address(0xfee))
        );
        claims = ISampledClaims(address(market));
        pools = IPeerPools(address(market));
        for (uint256 i = 0; i < 2; ++i) _join(nodes[i], i + 1);
        token.transfer(PUBLISHER, 1_000_000 ether);
        vm.startPrank(PUBLISHER);
        token.approve(address(market), type(uint256).max);
        for (uint256 i = 0; i < 2; ++i) {
            deals[i] = market.openDeal(
                IDealMarket.OpenDeal(bytes32(i), vm.addr(COLLECTOR_KEY), vm.addr(GRANT_KEY), CONTENT, 0x55, 0, 0)
            );
        }
        vm.stopPrank();
        for (uint256 i = 0; i < 2; ++i) {
            token.transfer(nodes[i], 1_000_000 ether);
            vm.startPrank(nodes[i]);
            token.approve(address(market), type(uint256).max);
            vm.stopPrank();
        }
    }

    function topUp(uint256 deal, uint96 amount) external watched {
        uint128 amountWei = uint128(amount % 10_000 ether);
        vm.startPrank(PUBLISHER);
        try market.topUp(deals[deal % 2], amountWei) {
            depositedWei += amountWei;
        } catch {}
        vm.stopPrank();
    }

    function allocate(uint256 deal, uint256 node, uint96 amount) external watched {
        IDealMarket.AllocationRequest[] memory requests = new IDealMarket.AllocationRequest[](1);
        uint128 amountWei = uint128(amount % 5_000 ether);
        requests[0] = IDealMarket.AllocationRequest(nodes[node % 2], amountWei, RATE);
        vm.startPrank(PUBLISHER);
        try market.allocate(deals[deal % 2], requests) {
            allocatedWei[deal % 2][node % 2] += amountWei;
        } catch {}
        vm.stopPrank();
    }

    function redeem(uint256 deal, uint256 node, uint96 cumulative, uint8 epochsAgo) external watched {
        IDealMarket.Voucher memory voucher = IDealMarket.Voucher(
            deals[deal % 2],
            nodes[node % 2],
            market.currentEpoch() - epochsAgo,
            cumulative % 20_000 ether
        );
        bytes memory signature = _compact(COLLECTOR_KEY, market.hashVoucher(voucher));
        vm.startPrank(nodes[node % 2]);
        try market.redeemVoucher(voucher, signature, nodes[node % 2]) {} catch {}
        vm.stopPrank();
    }

    function claim(uint256 deal, uint256 node, uint64 delivered, uint8 epochsAgo) external watched {
        uint32 epoch = market.currentEpoch() - epochsAgo;
        bytes32 grantHash = market.hashGrant(
            IDealMarket.Grant(deals[deal % 2], nodes[node % 2], vm.addr(VIEWER_KEY), epoch, type(uint64).max, CONTENT)
        );
        (bytes32 grantR, bytes32 grantVS) = _halves(GRANT_KEY, grantHash);
        uint64 bytesCumulative = delivered % (1 << 42);
        (bytes32 r, bytes32 vs) = _halves(
            VIEWER_KEY,
            market.hashReceipt(IDealMarket.Receipt(grantHash, bytesCumulative))
        );
        IDealMarket.DirectReceipt[] memory receipts = new IDealMarket.DirectReceipt[](1);
        receipts[0] = IDealMarket.DirectReceipt(
            vm.addr(VIEWER_KEY),
            epoch,
            type(uint64).max,
            grantR,
            grantVS,
            bytesCumulative,
            r,
            vs
        );
        uint32 throughEpoch = market.allocationOf(deals[deal % 2], nodes[node % 2]).throughEpoch;
        vm.startPrank(nodes[node % 2]);
        try market.claimDirect(deals[deal % 2], epoch, receipts, nodes[node % 2]) {
            if (epoch <= throughEpoch) paidTwice = true;
        } catch {}
        vm.stopPrank();
    }

    function thaw(uint256 deal, uint256 node) external watched {
        vm.startPrank(PUBLISHER);
        try market.thaw(deals[deal % 2], _one(node)) {} catch {}
        vm.stopPrank();
    }

    function release(uint256 deal, uint256 node) external watched {
        IDealMarket.Allocation memory allocation = market.allocationOf(deals[deal % 2], nodes[node % 2]);
        vm.startPrank(PUBLISHER);
        try market.release(deals[deal % 2], _one(node)) {
            releasedWei[deal % 2][node % 2] += allocation.balanceWei;
            if (allocation.lockedWei != 0 || market.currentEpoch() < allocation.thawEndEpoch) releasedEarly = true;
        } catch {}
        vm.stopPrank();
    }

    function withdraw(uint256 deal, uint96 amount) external watched {
        uint128 amountWei = uint128(amount % 1_000 ether);
        vm.startPrank(PUBLISHER);
        try market.withdraw(deals[deal % 2], amountWei, PUBLISHER) {
            withdrawnWei += amountWei;
        } catch {}
        vm.stopPrank();
    }

    function collectFees(uint256 deal, uint256 node) external watched {
        try market.collectFees(deals[deal % 2], _one(node)) {} catch {}
    }

    function wait(uint8 tens) external watched {
        vm.warp(block.timestamp + uint256(tens) * 10);
    }

    /// Notices when `paid` or `throughEpoch` of any allocation falls.
    modifier watched() {
        IDealMarket.Allocation[4] memory before;
        for (uint256 i = 0; i < 4; ++i) before[i] = market.allocationOf(deals[i / 2], nodes[i % 2]);
        _;
        for (uint256 i = 0; i < 4; ++i) {
            IDealMarket.Allocation memory present = market.allocationOf(deals[i / 2], nodes[i % 2]);
            if (present.paidWei < before[i].paidWei) somethingFell = true;
            if (present.throughEpoch < before[i].throughEpoch) somethingFell = true;
        }
        _note();
    }

    /// Looks at what else must hold, after every action.
    function _note() internal virtual;

    function _join(address node, uint256 place) private {
        token.transfer(node, 1);
        vm.startPrank(node);
        token.approve(address(registry), 1);
        registry.register(
            INodeRegistry.Registration(INodeRegistry.Role.Edge, bytes32(place), "test", new string[](0), RATE, 1)
        );
        vm.stopPrank();
        vm.roll(place * 100);
        registry.drawPosition(node);
    }

    function _one(uint256 node) internal view returns (address[] memory list) {
        list = new address[](1);
        list[0] = nodes[node % 2];
    }

    function _halves(uint256 key, bytes32 digest) internal pure returns (bytes32 r, bytes32 vs) {
        (uint8 v, bytes32 r_, bytes32 s) = vm.sign(key, digest);
        return (r_, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function _compact(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = _halves(key, digest);
        return abi.encodePacked(r, vs);
    }
}
