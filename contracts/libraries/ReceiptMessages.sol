// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DealMessages} from "./DealMessages.sol";

/// @notice Memory in which the messages of one receipt after another are hashed; only what differs is written again.
/// Grant struct (7 words) | receipt struct (3) | prefix, domain, struct hash (3) | digest, v, r, s (4).
type ReceiptScratch is uint256;

using ReceiptMessages for ReceiptScratch global;

/// @title EIP-712 messages of packed receipts
/// @dev Same digests as `DealMessages`; a claim verifies many receipts in a call, so nothing is allocated for each.
library ReceiptMessages {
    uint256 private constant GRANT_BYTES = 0xe0;
    uint256 private constant RECEIPT = 0xe0;
    uint256 private constant RECEIPT_BYTES = 0x60;
    uint256 private constant DIGEST = 0x140;
    uint256 private constant RECOVERY = 0x1a0;
    uint256 private constant SCRATCH_BYTES = 0x220;
    /// EIP-712: 0x1901, then domain separator and struct hash: 66 bytes that begin 30 bytes into their words.
    uint256 private constant PREFIX = 0x1901;
    /// Half the order of secp256k1: a larger s is the malleable twin of a signature.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Room for the receipts of one node in one deal.
    function make(
        bytes32 domainSeparator,
        bytes32 dealId,
        address node,
        bytes32 contentRoot
    ) internal pure returns (ReceiptScratch) {
        uint256 place;
        bytes32 grantTypehash = DealMessages.GRANT_TYPEHASH;
        bytes32 receiptTypehash = DealMessages.RECEIPT_TYPEHASH;
        assembly ("memory-safe") {
            place := mload(0x40)
            mstore(0x40, add(place, SCRATCH_BYTES))
            mstore(place, grantTypehash)
            mstore(add(place, 0x20), dealId)
            mstore(add(place, 0x40), node)
            mstore(add(place, 0xc0), contentRoot)
            mstore(add(place, RECEIPT), receiptTypehash)
            mstore(add(place, DIGEST), PREFIX)
            mstore(add(place, add(DIGEST, 0x20)), domainSeparator)
        }
        return ReceiptScratch.wrap(place);
    }

    /// @notice Verifies the packed receipt at `cursor` in the call data as long as nothing is unusual about it: if
    /// `good`, it is a receipt under a grant signed by `grantKey`, for an epoch after `fromEpoch` and up to `toEpoch`,
    /// within its cap. If not, `ClaimOpenings` finds out why, or that an earlier key signed it.
    function verify(
        ReceiptScratch scratch,
        uint256 cursor,
        address grantKey,
        uint256 fromEpoch,
        uint256 toEpoch
    ) internal view returns (bool good, bytes32 hash, uint256 bytesCumulative) {
        uint256 place = ReceiptScratch.unwrap(scratch);
        assembly ("memory-safe") {
            let viewerKey := shr(96, calldataload(cursor))
            let numbers := calldataload(add(cursor, 20))
            let epoch := shr(224, numbers)
            let capBytes := and(shr(160, numbers), 0xffffffffffffffff)
            bytesCumulative := and(shr(96, numbers), 0xffffffffffffffff)
            good := and(gt(epoch, fromEpoch), iszero(or(gt(epoch, toEpoch), gt(bytesCumulative, capBytes))))

            mstore(add(place, 0x60), viewerKey)
            mstore(add(place, 0x80), epoch)
            mstore(add(place, 0xa0), capBytes)
            mstore(add(place, 0x180), keccak256(place, GRANT_BYTES))
            hash := keccak256(add(place, 0x15e), 66)
            let s := calldataload(add(cursor, 72))
            mstore(add(place, 0x1c0), add(27, shr(255, s)))
            s := shr(1, shl(1, s))
            mstore(add(place, 0x1a0), hash)
            mstore(add(place, 0x1e0), calldataload(add(cursor, 40)))
            mstore(add(place, 0x200), s)
            mstore(0, 0)
            pop(staticcall(gas(), 1, add(place, 0x1a0), 0x80, 0, 0x20))
            good := and(good, and(eq(mload(0), grantKey), lt(s, add(HALF_ORDER, 1))))

            mstore(add(place, 0x100), hash)
            mstore(add(place, 0x120), bytesCumulative)
            mstore(add(place, 0x180), keccak256(add(place, 0xe0), RECEIPT_BYTES))
            s := calldataload(add(cursor, 136))
            mstore(add(place, 0x1c0), add(27, shr(255, s)))
            s := shr(1, shl(1, s))
            mstore(add(place, 0x1a0), keccak256(add(place, 0x15e), 66))
            mstore(add(place, 0x1e0), calldataload(add(cursor, 104)))
            mstore(add(place, 0x200), s)
            mstore(0, 0)
            pop(staticcall(gas(), 1, add(place, 0x1a0), 0x80, 0, 0x20))
            good := and(good, and(eq(mload(0), viewerKey), lt(s, add(HALF_ORDER, 1))))
            // A key of zero has signed nothing, whatever recovers to it.
            good := and(good, iszero(iszero(viewerKey)))
        }
    }

    /// @notice EIP-712 digest of a receipt.
    function receiptHash(
        ReceiptScratch scratch,
        bytes32 grantHash_,
        uint256 bytesCumulative
    ) internal pure returns (bytes32 digest) {
        uint256 place = ReceiptScratch.unwrap(scratch);
        assembly ("memory-safe") {
            let receipt := add(place, RECEIPT)
            mstore(add(receipt, 0x20), grantHash_)
            mstore(add(receipt, 0x40), bytesCumulative)
            mstore(add(place, add(DIGEST, 0x40)), keccak256(receipt, RECEIPT_BYTES))
            digest := keccak256(add(place, add(DIGEST, 30)), 66)
        }
    }

    /// @notice The signer of a compact signature with low s at `cursor` in the call data, or zero.
    function recover(ReceiptScratch scratch, bytes32 digest, uint256 cursor) internal view returns (address signer) {
        uint256 place = ReceiptScratch.unwrap(scratch);
        assembly ("memory-safe") {
            let vs := calldataload(add(cursor, 0x20))
            let s := shr(1, shl(1, vs))
            let input := add(place, RECOVERY)
            mstore(input, digest)
            mstore(add(input, 0x20), add(27, shr(255, vs)))
            mstore(add(input, 0x40), calldataload(cursor))
            mstore(add(input, 0x60), s)
            // A digest that nobody can have signed gives no output at all; then the zero written here stays.
            mstore(0, 0)
            if iszero(gt(s, HALF_ORDER)) {
                pop(staticcall(gas(), 1, input, 0x80, 0, 0x20))
            }
            signer := mload(0)
        }
    }
}
