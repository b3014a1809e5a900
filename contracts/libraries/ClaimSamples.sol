// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Seed and samples of a sampled claim
/// @dev SPEC.md, sum-trie and sampled claim. Pure, so that it can be fuzzed by itself.
library ClaimSamples {
    /// @notice What the samples of one claim, and of no other, are drawn from.
    function seedOf(
        bytes32 blockHash,
        bytes32 salt,
        bytes32 dealId,
        address node,
        bytes32 rootWord,
        uint32 toEpoch
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(blockHash, salt, dealId, node, rootWord, toEpoch));
    }

    /// @notice One byte of stratum `stratum`, which is [⌊stratum × total / samples⌋, ⌊(stratum + 1) × total / samples⌋).
    /// @dev `totalBytes ≥ samples`, so no stratum is empty; the remainder of 256 bits by less than 64 is fair to 2^-192.
    function sampleByte(
        bytes32 seed,
        uint256 totalBytes,
        uint256 stratum,
        uint256 samples
    ) internal pure returns (uint256) {
        unchecked {
            uint256 from = (totalBytes * stratum) / samples;
            uint256 width = (totalBytes * (stratum + 1)) / samples - from;
            uint256 drawn;
            assembly ("memory-safe") {
                mstore(0, seed)
                mstore(32, stratum)
                drawn := keccak256(0, 64)
            }
            return from + (drawn % width);
        }
    }
}
