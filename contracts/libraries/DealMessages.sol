// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDealMarket} from "../interfaces/IDealMarket.sol";
import {IPeerPools} from "../interfaces/IPeerPools.sol";

/// @title EIP-712 struct hashes of the messages of a deal
/// @dev Source: PAYMENT.md, messages.
library DealMessages {
    bytes32 internal constant GRANT_TYPEHASH =
        keccak256(
            "Grant(bytes32 dealId,address node,address viewerKey,uint32 epoch,uint64 capBytes,bytes32 contentRoot)"
        );
    bytes32 internal constant RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 grantHash,uint64 bytesCumulative)");
    bytes32 internal constant VOUCHER_TYPEHASH =
        keccak256("Voucher(bytes32 dealId,address node,uint32 throughEpoch,uint128 cumulative)");
    bytes32 internal constant PEER_ROOT_TYPEHASH =
        keccak256("PeerRoot(bytes32 dealId,uint32 sequence,bytes32 root,uint128 totalWei)");

    function grantStructHash(IDealMarket.Grant memory grant) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    GRANT_TYPEHASH,
                    grant.dealId,
                    grant.node,
                    grant.viewerKey,
                    grant.epoch,
                    grant.capBytes,
                    grant.contentRoot
                )
            );
    }

    function receiptStructHash(bytes32 grantHash, uint64 bytesCumulative) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_TYPEHASH, grantHash, bytesCumulative));
    }

    function voucherStructHash(
        bytes32 dealId,
        address node,
        uint32 throughEpoch,
        uint128 cumulative
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER_TYPEHASH, dealId, node, throughEpoch, cumulative));
    }

    function peerRootStructHash(IPeerPools.PeerRoot calldata statement) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    PEER_ROOT_TYPEHASH,
                    statement.dealId,
                    statement.sequence,
                    statement.root,
                    statement.totalWei
                )
            );
    }
}
