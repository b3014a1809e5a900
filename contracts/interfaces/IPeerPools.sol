// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Peer pools: payment of peers that hold no allocation
/// @notice A publisher sets money of a deal aside for peers. The deal's collector states, by a Merkle root over
/// (peer, wei earned since the deal began), who earned what; a peer claims the difference to what it had.
///
/// Leaf: `keccak256(bytes.concat(keccak256(abi.encode(peer, cumulativeWei))))` with `cumulativeWei` as uint256; pairs
/// are hashed in ascending order. This is OpenZeppelin's StandardMerkleTree of `["address", "uint256"]`.
///
/// What a peer can rely on: its claims add up to the largest amount that a root it claimed from gave it; a smaller
/// leaf takes nothing back. A root stays good for at least one epoch after the next one was posted, so a peer that a
/// new root omits, or gives less, can still claim from the one before. A root takes nothing from what peers have
/// claimed, and the publisher cannot take the pool back before a thaw that outlasts the claim window.
///
/// These functions are called at the address of the market.
interface IPeerPools {
    /// @notice The collector's statement of what all peers of a deal have earned.
    struct PeerRoot {
        bytes32 dealId;
        /// @dev One more than that of the root before.
        uint32 sequence;
        bytes32 root;
        /// @dev Sum of all leaves, wei. Never falls; at most what the pool was funded with.
        uint128 totalWei;
    }

    /// @notice A peer pool as stored.
    struct PeerPool {
        /// @dev Put in since the deal began, less what was released.
        uint128 fundedWei;
        /// @dev Claimed by peers since the deal began.
        uint128 claimedWei;
        /// @dev `totalWei` of the current root.
        uint128 postedWei;
        bytes32 root;
        /// @dev The root before, still good for claims.
        bytes32 previousRoot;
        uint32 sequence;
        /// @dev When the current root was posted, seconds since 1970.
        uint64 postedAt;
        /// @dev First epoch in which the pool may be released; zero unless it thaws.
        uint32 thawEndEpoch;
    }

    /// @notice Free money of a deal was set aside for its peers.
    event PeerPoolFunded(bytes32 indexed dealId, uint128 amountWei);
    /// @notice A root was posted.
    event PeerRootPosted(bytes32 indexed dealId, uint32 sequence, bytes32 root, uint128 totalWei);
    /// @notice A peer was paid `amountWei`; `cumulativeWei` is what it was paid since the deal began.
    event PeerPaid(bytes32 indexed dealId, address indexed peer, uint128 amountWei, uint128 cumulativeWei);
    /// @notice The pool started to thaw, or its thaw was prolonged by a root; it may be released from `thawEndEpoch` on.
    event PeerPoolThawing(bytes32 indexed dealId, uint32 thawEndEpoch);
    /// @notice What peers had not claimed returned to the free part of the deal.
    event PeerPoolReleased(bytes32 indexed dealId, uint128 amountWei);

    /// @notice The collector did not sign this root, or its key is no longer good.
    error InvalidPeerRootSignature(bytes32 dealId, uint32 sequence);
    /// @notice Roots are posted in their order, each once.
    error PeerRootOutOfOrder(bytes32 dealId, uint32 sequence, uint32 expectedSequence);
    /// @notice A root is posted at most once in the length of an epoch, so that claims from the one before have time.
    error PeerRootTooEarly(bytes32 dealId, uint64 allowedAt, uint64 currentTime);
    /// @notice The sum of what peers earned never falls.
    error PeerTotalFell(bytes32 dealId, uint128 totalWei, uint128 postedWei);
    /// @notice The pool does not hold this much.
    error PeerPoolTooSmall(bytes32 dealId, uint128 fundedWei, uint128 totalWei);
    /// @notice The proof does not lead to the current root or the one before.
    error PeerProofInvalid(bytes32 dealId, address peer, uint256 cumulativeWei);
    /// @notice The peer has this much already, or the pool is empty.
    error PeerNothingDue(bytes32 dealId, address peer, uint128 claimedWei, uint128 availableWei);
    /// @notice The pool does not thaw.
    error PeerPoolNotThawing(bytes32 dealId);
    /// @notice The pool thaws already.
    error PeerPoolThaws(bytes32 dealId, uint32 thawEndEpoch);
    /// @notice The thaw of the pool has not ended.
    error PeerPoolThawNotEnded(bytes32 dealId, uint32 thawEndEpoch, uint32 currentEpoch);

    /// @notice Moves free money of an open deal into its peer pool; ends a thaw. Only the publisher.
    function fundPeerPool(bytes32 dealId, uint128 amountWei) external;

    /// @notice Posts a root. Anyone, with the collector's signature over
    /// `PeerRoot(bytes32 dealId,uint32 sequence,bytes32 root,uint128 totalWei)`.
    /// @param signature 64 bytes (ERC-2098, low s), or what an ERC-1271 collector takes.
    function postPeerRoot(PeerRoot calldata statement, bytes calldata signature) external;

    /// @notice Pays `peer` the difference between `cumulativeWei` and what it was paid. Anyone.
    /// @dev What the pool cannot cover stays payable by the same proof.
    /// @param proof At most 64 siblings, from the leaf upwards.
    function claimPeer(bytes32 dealId, address peer, uint256 cumulativeWei, bytes32[] calldata proof) external;

    /// @notice Starts the thaw of the pool. Peers can claim and roots can be posted until it is released. A root posted
    /// in the thaw prolongs it by the claim window. Only the publisher.
    function thawPeerPool(bytes32 dealId) external;

    /// @notice Returns what peers have not claimed to the free part of the deal, after the thaw. Only the publisher.
    function releasePeerPool(bytes32 dealId) external;

    /// @notice The peer pool of a deal.
    function peerPoolOf(bytes32 dealId) external view returns (PeerPool memory);

    /// @notice What a peer was paid by a deal since it began, wei.
    function peerClaimedWei(bytes32 dealId, address peer) external view returns (uint128);

    /// @notice EIP-712 digest of a peer root.
    function hashPeerRoot(PeerRoot calldata statement) external view returns (bytes32);
}
