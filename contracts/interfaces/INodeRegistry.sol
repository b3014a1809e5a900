// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PermitSignature} from "../libraries/TokenPermit.sol";

/// @title Registry of the nodes of the network
/// @notice Who operates a node, how it is reached, what it asks, what it stakes and where it stands on the ring. The
/// operator's address (the sender of `register`) names the node everywhere.
/// @dev Nobody administers the registry. Stake belongs to its operator and only ever returns to it.
interface INodeRegistry {
    /// @notice Edge: member of the ring, can be allocated money in deals. Peer: joins through an edge, stakes nothing.
    enum Role {
        None,
        Peer,
        Edge
    }

    /// @notice What an operator states at registration.
    struct Registration {
        Role role;
        /// @dev Raw Ed25519 public key of the libp2p host. One key belongs to one operator.
        bytes32 libp2pPublicKey;
        /// @dev ASCII of `a-z`, `0-9` and `-`, zero padded at the end, e.g. "eu-west".
        bytes8 region;
        /// @dev Multiaddrs, at most MAX_ENDPOINTS of at most MAX_ENDPOINT_BYTES.
        string[] endpoints;
        /// @dev Lowest price at which the node serves, wei per GiB.
        uint128 askWeiPerGiB;
        /// @dev Staked with this call; more can follow by `addStake`.
        uint128 stakeWei;
    }

    /// @notice What the registry knows of a node.
    struct Node {
        address operator;
        Role role;
        /// @dev True for a peer, and for an edge whose stake not being unbonded reaches the minimum and whose
        /// position is drawn.
        bool active;
        bytes8 region;
        bytes32 libp2pPublicKey;
        /// @dev Position on the ring; zero until drawn.
        bytes32 nid;
        uint128 askWeiPerGiB;
        /// @dev Stake held for the node, unbonding part included.
        uint128 stakeWei;
        /// @dev Part of the stake that is being unbonded.
        uint128 unbondingWei;
        /// @dev When the unbonding part may be withdrawn, seconds since 1970; zero if nothing is unbonded.
        uint64 unbondingEndsAt;
        /// @dev The position is drawn from the hash of this block; zero until the minimum stake was reached.
        uint64 positionBlock;
        string[] endpoints;
    }

    /// @notice An operator joined.
    event NodeRegistered(
        address indexed operator,
        Role indexed role,
        bytes8 indexed region,
        bytes32 libp2pPublicKey,
        string[] endpoints,
        uint128 askWeiPerGiB,
        uint128 stakeWei
    );
    /// @notice An operator left; its record and its key are free again.
    event NodeDeregistered(address indexed operator, bytes32 libp2pPublicKey);
    /// @notice The endpoints of a node were replaced.
    event EndpointsUpdated(address indexed operator, string[] endpoints);
    /// @notice The asked price of a node was replaced.
    event AskUpdated(address indexed operator, uint128 askWeiPerGiB);
    /// @notice Stake was added; `stakeWei` is the new total.
    event StakeAdded(address indexed operator, uint128 amountWei, uint128 stakeWei);
    /// @notice Stake is being unbonded; `amountWei` is all that is being unbonded now.
    event UnstakeRequested(address indexed operator, uint128 amountWei, uint64 unbondingEndsAt);
    /// @notice Unbonded stake went back; `stakeWei` is what remains.
    event StakeWithdrawn(address indexed operator, uint128 amountWei, uint128 stakeWei);
    /// @notice The block whose hash will give the position was fixed (or fixed again after a missed window).
    event PositionArmed(address indexed operator, uint64 positionBlock);
    /// @notice The position on the ring was drawn; it never changes while the node is registered.
    event PositionDrawn(address indexed operator, bytes32 indexed nid, bytes32 libp2pPublicKey);

    /// @notice The operator has a node already.
    error AlreadyRegistered(address operator);
    /// @notice The operator has no node.
    error NotRegistered(address operator);
    /// @notice A node is a peer or an edge.
    error RoleMissing();
    /// @notice The region holds another character than `a-z`, `0-9`, `-`, or is empty.
    error InvalidRegion(bytes8 region);
    /// @notice The libp2p public key is zero.
    error KeyMissing();
    /// @notice The libp2p public key belongs to another operator.
    error KeyTaken(bytes32 libp2pPublicKey, address operator);
    /// @notice More endpoints than allowed.
    error TooManyEndpoints(uint256 count, uint256 max);
    /// @notice The endpoint at `index` is empty or longer than allowed.
    error InvalidEndpoint(uint256 index, uint256 bytesLength, uint256 maxBytes);
    /// @notice The amount must not be zero.
    error AmountZero();
    /// @notice More is asked to be unbonded than is staked and not yet being unbonded.
    error InsufficientStake(address operator, uint128 availableWei, uint128 requestedWei);
    /// @notice No unbonding was requested.
    error NothingUnbonding(address operator);
    /// @notice The unbonding delay has not passed.
    error StillUnbonding(address operator, uint64 unbondingEndsAt);
    /// @notice The node is leaving: it can only withdraw.
    error NodeLeaving(address operator, uint64 unbondingEndsAt);
    /// @notice No position can be drawn: the node is a peer or never reached the minimum stake.
    error PositionNotArmed(address operator);
    /// @notice The block that gives the position is not yet in the past.
    error PositionTooEarly(address operator, uint64 positionBlock);
    /// @notice The position was drawn before.
    error PositionAlreadyDrawn(address operator, bytes32 nid);
    /// @notice A page asks for more nodes than allowed.
    error PageTooLong(uint256 limit, uint256 max);

    /// @notice Registers the sender's node and stakes `registration.stakeWei`, which the sender has approved.
    /// @dev An edge that reaches the minimum stake has its position armed by the same call.
    function register(Registration calldata registration) external;

    /// @notice Same as `register`, the approval given by signature.
    function registerWithPermit(Registration calldata registration, PermitSignature calldata permit) external;

    /// @notice Replaces the endpoints of the sender's node.
    function updateEndpoints(string[] calldata endpoints) external;

    /// @notice Replaces the asked price of the sender's node, wei per GiB. Rates of deals do not change by it.
    function updateAsk(uint128 askWeiPerGiB) external;

    /// @notice Adds to the stake of the sender's node.
    function addStake(uint128 amountWei) external;

    /// @notice Starts to unbond `amountWei` more. A second request restarts the delay for all that is being unbonded.
    /// To leave, unbond the whole stake (zero for a peer without stake); the node is inactive from then on.
    function requestUnstake(uint128 amountWei) external;

    /// @notice Returns what has been unbonded. A node whose whole stake was unbonded is deregistered by it.
    function withdrawStake() external;

    /// @notice Draws the ring position of a node: `nid = keccak256(libp2pPublicKey ‖ blockhash(positionBlock))`.
    /// @dev Anyone may call it, so an operator cannot wait for a better hash. The chain remembers 256 block hashes;
    /// only if that window was missed is a new block fixed instead (event PositionArmed).
    /// Source: PAYMENT.md, registry and stake.
    function drawPosition(address operator) external;

    /// @notice The node of an operator; role None if there is none.
    function nodeOf(address operator) external view returns (Node memory);

    /// @notice Whether the operator runs an active edge: only such a node can be allocated money in a deal.
    function isActiveEdge(address operator) external view returns (bool);

    /// @notice How many nodes are registered.
    function nodeCount() external view returns (uint256);

    /// @notice Nodes from `offset`, at most `limit` (≤ MAX_PAGE). Order changes when a node leaves.
    function nodesPage(uint256 offset, uint256 limit) external view returns (Node[] memory);

    /// @notice Who owns a libp2p public key; zero if nobody does.
    function operatorOfKey(bytes32 libp2pPublicKey) external view returns (address);

    /// @notice The token that is staked.
    function token() external view returns (address);

    /// @notice Stake below which an edge is not active, wei.
    function minimumEdgeStakeWei() external view returns (uint128);

    /// @notice Time between the request to unbond and the withdrawal, seconds.
    function unbondingSeconds() external view returns (uint64);
}
