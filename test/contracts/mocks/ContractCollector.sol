// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// A collector that is a contract: it accepts what its owner signed (65-byte signatures), until it is closed.
contract ContractCollector is IERC1271 {
    address private immutable OWNER;
    bool private closed;

    constructor(address owner) {
        OWNER = owner;
    }

    function close() external {
        closed = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bool good = !closed && ECDSA.recoverCalldata(digest, signature) == OWNER;
        return good ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
