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
    ) internal pure returns (uint256 drawn) {
        assembly ("memory-safe") {
            let from := div(mul(totalBytes, stratum), samples)
            let width := sub(div(mul(totalBytes, add(stratum, 1)), samples), from)
            mstore(0, seed)
            mstore(32, stratum)
            drawn := add(from, mod(keccak256(0, 64), width))
        }
    }

    /// @notice The drawn bytes of the strata whose bits are set, rising, as words from `first` to before `end`; at `end`
    /// lies a word above all bytes.
    function draw(
        bytes32 seed,
        uint256 totalBytes,
        uint256 strata,
        uint256 samples
    ) internal pure returns (uint256 first, uint256 end) {
        assembly ("memory-safe") {
            first := mload(0x40)
            end := first
            mstore(0, seed)
            for { let stratum := 0 } lt(stratum, samples) { stratum := add(stratum, 1) } {
                if and(shr(stratum, strata), 1) {
                    mstore(32, stratum)
                    let from := div(mul(totalBytes, stratum), samples)
                    let width := sub(div(mul(totalBytes, add(stratum, 1)), samples), from)
                    mstore(end, add(from, mod(keccak256(0, 64), width)))
                    end := add(end, 32)
                }
            }
            mstore(end, not(0))
            mstore(0x40, add(end, 32))
        }
    }
}
