// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumTrie} from "../../contracts/libraries/SumTrie.sol";
import {IDealMarket} from "../../contracts/interfaces/IDealMarket.sol";
import {IPeerPools} from "../../contracts/interfaces/IPeerPools.sol";
import {ISampledClaims} from "../../contracts/interfaces/ISampledClaims.sol";
import {MarketActions} from "./MarketActions.t.sol";
import {vm} from "./Vm.t.sol";

/// Sampled claims and peer pools beside everything else: honest and false claims, whoever opens, voids and salts.
contract ClaimActions is MarketActions {
    address internal constant STRANGER = address(0x57a);
    address[2] public peers = [address(0xbee1), address(0xbee2)];

    uint256 public burnedWei;
    /// What a seed was when it was first seen, by deal and node; zero while no claim has one.
    mapping(uint256 place => bytes32) private seenSeed;
    mapping(uint256 place => uint64) private seenSeedBlock;
    /// Set when a seed changed, a claim was paid without all strata, or somebody moved what is not theirs.
    bool public seedChanged;
    bool public paidUnopened;
    bool public strangerMoved;
    /// The largest amount that a root gave a peer that then claimed, and what it was paid in all, by deal and peer.
    uint256[2][2] public peerPaidWei;
    bool public peerPaidWrong;

    struct Opened {
        uint64 bytesCumulative;
        uint32 epoch;
    }
    mapping(uint256 place => Opened) private committed;

    /// A claim of one receipt; `lie` adds bytes that nobody receipted.
    function commit(uint256 deal, uint256 node, uint64 delivered, uint64 lie, uint8 epochsAgo) external watched {
        uint32 epoch = market.currentEpoch() - epochsAgo;
        uint64 bytesCumulative = (delivered % (1 << 42)) + 1;
        bytes32 word = bytes32(SumTrie.leafWord(_grantHash(deal, node, epoch), bytesCumulative));
        uint64 claimed = lie % 3 == 0 ? bytesCumulative + (lie % (1 << 40)) : bytesCumulative;
        uint32 throughEpoch = market.allocationOf(deals[deal % 2], nodes[node % 2]).throughEpoch;
        vm.startPrank(nodes[node % 2]);
        try claims.commitClaim(deals[deal % 2], epoch, bytes24(word), claimed) {
            committed[_place(deal, node)] = Opened(bytesCumulative, epoch);
            if (epoch <= throughEpoch) paidTwice = true;
        } catch {}
        vm.stopPrank();
    }

    function openStrata(uint256 deal, uint256 node, uint8 strata) external watched {
        Opened memory opened = committed[_place(deal, node)];
        bytes32 grantHash = _grantHash(deal, node, opened.epoch);
        bytes memory receipt = abi.encodePacked(
            vm.addr(VIEWER_KEY),
            opened.epoch,
            type(uint64).max,
            opened.bytesCumulative,
            _compact(GRANT_KEY, grantHash),
            _compact(VIEWER_KEY, market.hashReceipt(IDealMarket.Receipt(grantHash, opened.bytesCumulative)))
        );
        bytes memory openings = abi.encodePacked(uint8(1), receipt, uint8(0), uint8(0), uint8(0));
        uint32 wanted = strata % 2 == 0 ? 15 : uint32(strata % 32);
        vm.startPrank(nodes[node % 2]);
        try claims.openClaim(deals[deal % 2], wanted, openings, nodes[node % 2]) {} catch {}
        vm.stopPrank();
        ISampledClaims.Claim memory claim = claims.claimOf(deals[deal % 2], nodes[node % 2]);
        if (claim.state == ISampledClaims.ClaimState.Paid && claim.openedStrata != 15) paidUnopened = true;
    }

    /// From the commitment to the payment in one go, so that paid claims are frequent.
    function claimFully(uint256 deal, uint256 node, uint64 delivered) external {
        this.commit(deal, node, delivered, 1, 1);
        this.mine(5);
        this.openStrata(deal, node, 2);
    }

    function pin(uint256 deal, uint256 node) external watched {
        try claims.pinSeed(deals[deal % 2], nodes[node % 2]) {} catch {}
    }

    function salt(uint256 deal, uint256 node, bytes32 word) external watched {
        vm.startPrank(PUBLISHER);
        try claims.saltClaim(deals[deal % 2], nodes[node % 2], word) {} catch {}
        vm.stopPrank();
    }

    function voidClaim(uint256 deal, uint256 node) external watched {
        uint256 supply = token.totalSupply();
        vm.startPrank(STRANGER);
        try claims.voidClaim(deals[deal % 2], nodes[node % 2]) {
            burnedWei += supply - token.totalSupply();
        } catch {}
        vm.stopPrank();
    }

    function supersede(uint256 deal, uint256 node, uint96 cumulative) external watched {
        IDealMarket.Voucher memory voucher = IDealMarket.Voucher(
            deals[deal % 2],
            nodes[node % 2],
            market.allocationOf(deals[deal % 2], nodes[node % 2]).throughEpoch,
            cumulative % 20_000 ether
        );
        bytes memory signature = _compact(COLLECTOR_KEY, market.hashVoucher(voucher));
        vm.startPrank(nodes[node % 2]);
        try claims.supersedeClaim(voucher, signature, nodes[node % 2]) {} catch {}
        vm.stopPrank();
    }

    function mine(uint16 blocks) external watched {
        vm.roll(block.number + (blocks % 8 == 0 ? blocks % 300 : blocks % 8));
    }

    function fundPool(uint256 deal, uint96 amount) external watched {
        vm.startPrank(PUBLISHER);
        try pools.fundPeerPool(deals[deal % 2], amount % 1_000 ether) {} catch {}
        vm.stopPrank();
    }

    /// A root of two leaves; the leaves may add up to more than is said.
    function postAndClaim(uint256 deal, uint96 first, uint96 second, uint96 total, uint256 peer) external watched {
        uint256[2] memory earned = [uint256(first % 500 ether), uint256(second % 500 ether)];
        bytes32[2] memory leaves;
        for (uint256 i = 0; i < 2; ++i) {
            leaves[i] = keccak256(bytes.concat(keccak256(abi.encode(peers[i], earned[i]))));
        }
        bytes32 root = leaves[0] < leaves[1]
            ? keccak256(bytes.concat(leaves[0], leaves[1]))
            : keccak256(bytes.concat(leaves[1], leaves[0]));
        IPeerPools.PeerRoot memory statement = IPeerPools.PeerRoot(
            deals[deal % 2],
            pools.peerPoolOf(deals[deal % 2]).sequence + 1,
            root,
            total % 2 == 0 ? uint128(earned[0] + earned[1]) : total % 1_000 ether
        );
        bytes memory signature = _compact(COLLECTOR_KEY, pools.hashPeerRoot(statement));
        try pools.postPeerRoot(statement, signature) {} catch {}
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = leaves[(peer + 1) % 2];
        uint256 before = token.balanceOf(peers[peer % 2]);
        try pools.claimPeer(deals[deal % 2], peers[peer % 2], earned[peer % 2], proof) {
            uint256 paidWei = token.balanceOf(peers[peer % 2]) - before;
            peerPaidWei[deal % 2][peer % 2] += paidWei;
            // Never more than the leaf gives, whatever was paid before.
            if (paidWei == 0 || peerPaidWei[deal % 2][peer % 2] > earned[peer % 2]) peerPaidWrong = true;
        } catch {}
    }

    function thawPool(uint256 deal) external watched {
        vm.startPrank(PUBLISHER);
        try pools.thawPeerPool(deals[deal % 2]) {} catch {}
        vm.stopPrank();
    }

    function releasePool(uint256 deal) external watched {
        IPeerPools.PeerPool memory pool = pools.peerPoolOf(deals[deal % 2]);
        vm.startPrank(PUBLISHER);
        try pools.releasePeerPool(deals[deal % 2]) {
            if (pool.thawEndEpoch == 0 || market.currentEpoch() < pool.thawEndEpoch) releasedEarly = true;
        } catch {}
        vm.stopPrank();
    }

    /// Nobody but its parties moves a deal (invariant 7): the deployer has no rights either.
    function byStrangers(uint256 deal, uint256 node, uint8 which, uint96 amount) external watched {
        bytes32 id = deals[deal % 2];
        bytes[10] memory calls = [
            abi.encodeCall(IDealMarket.withdraw, (id, amount, STRANGER)),
            abi.encodeCall(IDealMarket.thaw, (id, _one(node))),
            abi.encodeCall(IDealMarket.release, (id, _one(node))),
            abi.encodeCall(IDealMarket.closeDeal, (id, _one(node))),
            abi.encodeCall(IDealMarket.rotateKeys, (id, STRANGER, STRANGER)),
            abi.encodeCall(IPeerPools.fundPeerPool, (id, amount)),
            abi.encodeCall(IPeerPools.thawPeerPool, (id)),
            abi.encodeCall(IPeerPools.releasePeerPool, (id)),
            abi.encodeCall(ISampledClaims.saltClaim, (id, nodes[node % 2], bytes32(uint256(1)))),
            abi.encodeCall(ISampledClaims.commitClaim, (id, market.currentEpoch() - 1, bytes24(0), 1_000))
        ];
        address caller = amount % 2 == 0 ? STRANGER : address(this);
        vm.startPrank(caller);
        (bool done, ) = address(market).call(calls[which % 10]);
        vm.stopPrank();
        if (done) strangerMoved = true;
    }

    /// A seed is written once: while a claim is the same one, its seed does not change.
    function _note() internal override {
        for (uint256 place = 0; place < 4; ++place) {
            ISampledClaims.Claim memory claim = claims.claimOf(deals[place / 2], nodes[place % 2]);
            if (claim.state != ISampledClaims.ClaimState.Seeded) continue;
            bool same = seenSeedBlock[place] == claim.seedBlock;
            if (same && seenSeed[place] != claim.seed) seedChanged = true;
            seenSeedBlock[place] = claim.seedBlock;
            seenSeed[place] = claim.seed;
        }
    }

    function _place(uint256 deal, uint256 node) private pure returns (uint256) {
        return (deal % 2) * 2 + (node % 2);
    }

    function _grantHash(uint256 deal, uint256 node, uint32 epoch) private view returns (bytes32) {
        return
            market.hashGrant(
                IDealMarket.Grant(
                    deals[deal % 2],
                    nodes[node % 2],
                    vm.addr(VIEWER_KEY),
                    epoch,
                    type(uint64).max,
                    CONTENT
                )
            );
    }
}
