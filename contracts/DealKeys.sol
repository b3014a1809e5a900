// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {DealStorage} from "./DealStorage.sol";

/// @title Whose signatures count for a deal
/// @dev Source: PAYMENT.md, messages. In delegated code `address(this)` is the market, so the domain is the market's.
abstract contract DealKeys is DealStorage, EIP712("BCDN", "1") {
    /// Whether the collector signed, or the one before if its key is good for this epoch.
    function _isCollectorSignature(
        StoredDeal storage deal,
        bytes32 digest,
        bytes calldata signature,
        uint32 epoch
    ) internal view returns (bool) {
        address collector = deal.collector;
        address signer = address(0);
        if (signature.length == 64) {
            (bytes32 r, bytes32 vs) = abi.decode(signature, (bytes32, bytes32));
            signer = _recover(digest, r, vs);
            if (signer != address(0) && signer == collector) return true;
        }
        if (SignatureChecker.isValidERC1271SignatureNowCalldata(collector, digest, signature)) return true;
        if (epoch > deal.keyLastEpoch) return false;
        address previous = deal.previousCollector;
        return
            (signer != address(0) && signer == previous) ||
            SignatureChecker.isValidERC1271SignatureNowCalldata(previous, digest, signature);
    }

    function _isPreviousGrantKey(StoredDeal storage deal, address signer, uint32 epoch) internal view returns (bool) {
        return epoch <= deal.keyLastEpoch && signer == deal.previousGrantKey;
    }

    /// The signer of a compact signature with low s, or zero.
    function _recover(bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (address signer) {
        (signer, , ) = ECDSA.tryRecover(digest, r, vs);
    }
}
