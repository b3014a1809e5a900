// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDealMarket} from "./IDealMarket.sol";

/// @title Sampled claims: payment for many receipts without the publisher
/// @notice A node commits to a sum-trie of its receipts, the chain draws one byte in each of k equal strata of
/// `[0, totalBytes)`, and the node opens the receipt that each drawn byte belongs to. All k opened: it is paid for
/// all bytes. One missing when the window is over: the whole claim is void and its bond burned.
///
/// These functions are called at the address of the market. Trie, samples and openings are specified in
/// `sdk/protocol/SPEC.md`, section "sum-trie and sampled claim".
///
/// Block numbers of a claim: it is committed in `commitBlock`; `seedBlock = commitBlock + 2` gives the randomness;
/// the publisher may salt it up to `seedBlock + saltWindowBlocks`; after that anyone may pin, and the node may open;
/// without a pin it is void after `seedBlock + min(256, openingWindowBlocks)`, pinned after
/// `seedBlock + openingWindowBlocks`.
interface ISampledClaims {
    /// @notice None → Committed → Seeded → Paid, Void or Superseded; a node that opens all at once skips Seeded. One claim
    /// at a time for a (deal, node); the record of the last one stays readable.
    enum ClaimState {
        None,
        Committed,
        Seeded,
        Paid,
        Void,
        Superseded
    }

    /// @notice A claim as stored.
    struct Claim {
        ClaimState state;
        /// @dev Truncated hash of the root of the sum-trie.
        bytes24 root;
        /// @dev Sum of the bytes of all receipts.
        uint64 totalBytes;
        /// @dev Taken out of the allocation's balance while the claim is open; fee included.
        uint128 lockedWei;
        /// @dev Held while the claim is open.
        uint128 bondWei;
        /// @dev The claim is for epochs after `fromEpoch` and up to `toEpoch`.
        uint32 fromEpoch;
        uint32 toEpoch;
        /// @dev The hash of this block gives the randomness.
        uint64 seedBlock;
        /// @dev Last block in which the claim can be pinned (while Committed) or opened.
        uint64 lastBlock;
        /// @dev What the samples are drawn from once Seeded; the publisher's salt before, zero if there is none.
        bytes32 seed;
        /// @dev Bit i: stratum i has been opened.
        uint32 openedStrata;
    }

    /// @notice A node committed to its receipts of the epochs after `fromEpoch` and up to `toEpoch`.
    event ClaimCommitted(
        bytes32 indexed dealId,
        address indexed node,
        uint32 fromEpoch,
        uint32 toEpoch,
        bytes24 root,
        uint64 totalBytes,
        uint128 lockedWei,
        uint128 bondWei,
        uint64 seedBlock
    );
    /// @notice The publisher added randomness of its own.
    event ClaimSalted(bytes32 indexed dealId, address indexed node, bytes32 salt);
    /// @notice The samples of a claim are fixed.
    event SeedPinned(bytes32 indexed dealId, address indexed node, bytes32 seed);
    /// @notice Openings were verified, not yet of all strata.
    event StrataOpened(bytes32 indexed dealId, address indexed node, uint32 openedStrata);
    /// @notice All strata were opened: `paidWei` left the allocation, `feeWei` of it is the protocol's, the rest and the
    /// bond went to `to`.
    event ClaimPaid(
        bytes32 indexed dealId,
        address indexed node,
        address to,
        uint32 toEpoch,
        uint128 paidWei,
        uint128 feeWei
    );
    /// @notice Openings were missing: the locked amount returned to the allocation, the bond was burned.
    event ClaimVoided(bytes32 indexed dealId, address indexed node, uint32 toEpoch, uint128 lockedWei, uint128 burnedWei);
    /// @notice A voucher took the place of a claim: the locked amount returned to the allocation, the bond to the node.
    event ClaimSuperseded(
        bytes32 indexed dealId,
        address indexed node,
        uint32 toEpoch,
        uint128 lockedWei,
        uint128 bondWei
    );

    /// @notice The number of samples is from 1 to 32.
    error InvalidClaimSamples(uint8 samples, uint8 maxSamples);
    /// @notice The salt window is shorter than the opening window and than 256 blocks.
    error ClaimWindowsInvalid(uint32 saltWindowBlocks, uint32 openingWindowBlocks);
    /// @notice The allocation has a claim that is not decided; nothing else may settle its epochs until it is.
    error ClaimOpen(bytes32 dealId, address node, uint32 toEpoch, uint64 lastBlock);
    /// @notice Only a voucher for exactly the claim's last epoch that pays at least its locked amount takes its place.
    error VoucherBelowClaim(uint32 voucherEpoch, uint32 toEpoch, uint256 voucherWei, uint128 lockedWei);
    /// @notice There is no claim in a state that allows this.
    error WrongClaimState(bytes32 dealId, address node, ClaimState state);
    /// @notice A claim has at least one byte for each sample.
    error ClaimTooSmall(uint64 totalBytes, uint8 samples);
    /// @notice The thaw of the allocation has ended: only vouchers and direct claims still pay.
    error ThawEnded(bytes32 dealId, address node, uint32 thawEndEpoch, uint32 currentEpoch);
    /// @notice The window for salting is over.
    error SaltTooLate(bytes32 dealId, address node, uint64 lastBlock, uint64 currentBlock);
    /// @notice The publisher has salted this claim; a salt is given once and is not zero.
    error SaltRefused(bytes32 dealId, address node, bytes32 salt);
    /// @notice The randomness of the claim is not fixed yet.
    error SeedTooEarly(bytes32 dealId, address node, uint64 firstBlock, uint64 currentBlock);
    /// @notice The window for pinning or opening is over; the claim can only be voided.
    error ClaimWindowOver(bytes32 dealId, address node, uint64 lastBlock, uint64 currentBlock);
    /// @notice The claim can still be pinned or opened.
    error ClaimWindowRunning(bytes32 dealId, address node, uint64 lastBlock, uint64 currentBlock);
    /// @notice Openings ask for strata that are not those of the claim, or for none.
    error StrataInvalid(uint256 strata, uint8 samples);
    /// @notice The openings end too early or go on after their end.
    error ProofLengthInvalid(uint256 length, uint256 expected);
    /// @notice The bytes of what was opened exceed 64 bits.
    error TrieTooLarge(uint256 totalBytes);
    /// @notice The grant hash of an opened receipt does not lead to its place in the trie.
    error PathWrong(bytes32 grantHash);
    /// @notice The openings do not belong to the trie that was committed.
    error RootMismatch(bytes32 root, bytes32 computed);
    /// @notice No opened receipt holds this byte, which was drawn.
    error SampleNotOpened(uint64 sampleByte);

    /// @notice Commits the sender, a node, to the sum-trie of its receipts of the epochs after the allocation's
    /// `throughEpoch` and up to `toEpoch`, all ended. Locks `min(price of totalBytes, balance)` and takes the bond,
    /// `max(floor, locked / samples)`, which the sender has approved.
    /// @dev The allocation's `throughEpoch` is `toEpoch` from now on, however the claim ends.
    function commitClaim(bytes32 dealId, uint32 toEpoch, bytes24 root, uint64 totalBytes) external;

    /// @notice Mixes the publisher's randomness into a committed claim, so that the samples cannot be ground by who
    /// makes the block. Only the publisher, once, until the salt window is over. An honest claim opens any sample.
    function saltClaim(bytes32 dealId, address node, bytes32 salt) external;

    /// @notice Fixes the samples for the whole opening window. Anyone, in the blocks after the salt window in which
    /// the chain still knows the hash of the seed block.
    /// @dev Opening does the same, so that a node that opens all at once need not pin.
    function pinSeed(bytes32 dealId, address node) external;

    /// @notice Opens samples of the sender's claim. Openings may come in several calls; the call that opens the last
    /// stratum pays `locked` less the protocol fee, and returns the bond, to `to`.
    /// @param strata Bit i: stratum i is opened by this call.
    /// @param openings Packed multiproof, see SPEC.md. One bad opening refuses the call.
    function openClaim(bytes32 dealId, uint32 strata, bytes calldata openings, address to) external;

    /// @notice Redeems a voucher in the place of the sender's open claim: the locked amount returns to the allocation's
    /// balance, the voucher is paid, and what is paid and the bond go to `to`. The voucher must be for exactly `toEpoch`
    /// of the claim and pay at least what the claim locks.
    /// @dev With less a claimant could hold a voucher back, claim more than it, and get out unharmed when the seed is
    /// unlucky.
    function supersedeClaim(IDealMarket.Voucher calldata voucher, bytes calldata signature, address to) external;

    /// @notice Ends a claim whose window is over: the locked amount returns to the allocation's balance, the bond is
    /// burned, the epochs stay settled. Anyone.
    function voidClaim(bytes32 dealId, address node) external;

    /// @notice The last claim of an allocation; state None if there was none.
    function claimOf(bytes32 dealId, address node) external view returns (Claim memory);

    /// @notice The seed that a claim has or, while it is Committed and can be pinned, would get now.
    function seedOf(bytes32 dealId, address node) external view returns (bytes32);

    /// @notice The byte drawn in stratum `stratum` of a claim of `totalBytes`.
    function sampleOf(bytes32 seed, uint64 totalBytes, uint256 stratum) external view returns (uint64);
}
