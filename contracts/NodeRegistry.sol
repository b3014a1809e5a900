// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {PermitSignature, TokenPermit} from "./libraries/TokenPermit.sol";

/// @title Registry of the nodes of the network
contract NodeRegistry is INodeRegistry {
    using SafeERC20 for IERC20;

    /// @notice Endpoints a node may have.
    uint256 public constant MAX_ENDPOINTS = 8;
    /// @notice Longest endpoint, bytes.
    uint256 public constant MAX_ENDPOINT_BYTES = 128;
    /// @notice Nodes in a page.
    uint256 public constant MAX_PAGE = 100;
    /// @notice Blocks between reaching the minimum stake and the block whose hash gives the position.
    uint64 public constant POSITION_DELAY_BLOCKS = 2;
    /// @notice Blocks whose hash the chain still knows.
    uint64 public constant BLOCKHASH_WINDOW_BLOCKS = 256;

    struct StoredNode {
        bytes32 libp2pPublicKey;
        bytes32 nid;
        uint128 askWeiPerGiB;
        uint128 stakeWei;
        uint128 unbondingWei;
        uint64 unbondingEndsAt;
        uint64 positionBlock;
        bytes8 region;
        Role role;
        /// One more than the place in `operators`, so that zero means absent.
        uint64 placePlusOne;
        string[] endpoints;
    }

    IERC20 private immutable TOKEN;
    /// @inheritdoc INodeRegistry
    uint128 public immutable minimumEdgeStakeWei;
    /// @inheritdoc INodeRegistry
    uint64 public immutable unbondingSeconds;

    mapping(address operator => StoredNode) private nodes;
    address[] private operators;
    /// @inheritdoc INodeRegistry
    mapping(bytes32 libp2pPublicKey => address operator) public operatorOfKey;

    constructor(IERC20 token_, uint128 minimumEdgeStakeWei_, uint64 unbondingSeconds_) {
        TOKEN = token_;
        minimumEdgeStakeWei = minimumEdgeStakeWei_;
        unbondingSeconds = unbondingSeconds_;
    }

    /// @inheritdoc INodeRegistry
    function register(Registration calldata registration) external {
        _register(registration);
    }

    /// @inheritdoc INodeRegistry
    function registerWithPermit(Registration calldata registration, PermitSignature calldata permit) external {
        TokenPermit.tryUse(address(TOKEN), registration.stakeWei, permit);
        _register(registration);
    }

    /// @inheritdoc INodeRegistry
    function updateEndpoints(string[] calldata endpoints) external {
        StoredNode storage node = _registered(msg.sender);
        _requireEndpoints(endpoints);
        node.endpoints = endpoints;
        emit EndpointsUpdated(msg.sender, endpoints);
    }

    /// @inheritdoc INodeRegistry
    function updateAsk(uint128 askWeiPerGiB) external {
        _registered(msg.sender).askWeiPerGiB = askWeiPerGiB;
        emit AskUpdated(msg.sender, askWeiPerGiB);
    }

    /// @inheritdoc INodeRegistry
    function addStake(uint128 amountWei) external {
        StoredNode storage node = _registered(msg.sender);
        if (amountWei == 0) revert AmountZero();
        if (_isLeaving(node)) revert NodeLeaving(msg.sender, node.unbondingEndsAt);
        node.stakeWei += amountWei;
        emit StakeAdded(msg.sender, amountWei, node.stakeWei);
        _armPositionIfDue(node);
        TOKEN.safeTransferFrom(msg.sender, address(this), amountWei);
    }

    /// @inheritdoc INodeRegistry
    function requestUnstake(uint128 amountWei) external {
        StoredNode storage node = _registered(msg.sender);
        if (_isLeaving(node)) revert NodeLeaving(msg.sender, node.unbondingEndsAt);
        uint128 availableWei = node.stakeWei - node.unbondingWei;
        if (amountWei > availableWei) revert InsufficientStake(msg.sender, availableWei, amountWei);
        if (amountWei == 0 && node.stakeWei != 0) revert AmountZero();
        node.unbondingWei += amountWei;
        node.unbondingEndsAt = uint64(block.timestamp) + unbondingSeconds;
        emit UnstakeRequested(msg.sender, node.unbondingWei, node.unbondingEndsAt);
    }

    /// @inheritdoc INodeRegistry
    function withdrawStake() external {
        StoredNode storage node = _registered(msg.sender);
        uint64 endsAt = node.unbondingEndsAt;
        if (endsAt == 0) revert NothingUnbonding(msg.sender);
        if (block.timestamp < endsAt) revert StillUnbonding(msg.sender, endsAt);
        uint128 amountWei = node.unbondingWei;
        uint128 remainingWei = node.stakeWei - amountWei;
        if (remainingWei == 0) {
            emit StakeWithdrawn(msg.sender, amountWei, 0);
            _deregister(node);
        } else {
            node.stakeWei = remainingWei;
            node.unbondingWei = 0;
            node.unbondingEndsAt = 0;
            emit StakeWithdrawn(msg.sender, amountWei, remainingWei);
        }
        if (amountWei != 0) TOKEN.safeTransfer(msg.sender, amountWei);
    }

    /// @inheritdoc INodeRegistry
    function drawPosition(address operator) external {
        StoredNode storage node = _registered(operator);
        if (node.nid != 0) revert PositionAlreadyDrawn(operator, node.nid);
        uint64 positionBlock = node.positionBlock;
        if (positionBlock == 0) revert PositionNotArmed(operator);
        if (block.number <= positionBlock) revert PositionTooEarly(operator, positionBlock);
        if (block.number > uint256(positionBlock) + BLOCKHASH_WINDOW_BLOCKS) {
            _armPosition(node, operator);
            return;
        }
        bytes32 nid = keccak256(abi.encodePacked(node.libp2pPublicKey, blockhash(positionBlock)));
        node.nid = nid;
        emit PositionDrawn(operator, nid, node.libp2pPublicKey);
    }

    /// @inheritdoc INodeRegistry
    function nodeOf(address operator) external view returns (Node memory) {
        return _read(operator);
    }

    /// @inheritdoc INodeRegistry
    function isActiveEdge(address operator) external view returns (bool) {
        StoredNode storage node = nodes[operator];
        return node.role == Role.Edge && _isActive(node);
    }

    /// @inheritdoc INodeRegistry
    function nodeCount() external view returns (uint256) {
        return operators.length;
    }

    /// @inheritdoc INodeRegistry
    function nodesPage(uint256 offset, uint256 limit) external view returns (Node[] memory page) {
        if (limit > MAX_PAGE) revert PageTooLong(limit, MAX_PAGE);
        uint256 total = operators.length;
        uint256 length = offset >= total ? 0 : total - offset;
        if (length > limit) length = limit;
        page = new Node[](length);
        for (uint256 i = 0; i < length; ++i) page[i] = _read(operators[offset + i]);
    }

    /// @inheritdoc INodeRegistry
    function token() external view returns (address) {
        return address(TOKEN);
    }

    function _register(Registration calldata registration) private {
        StoredNode storage node = nodes[msg.sender];
        bytes32 key = registration.libp2pPublicKey;
        if (node.role != Role.None) revert AlreadyRegistered(msg.sender);
        if (registration.role == Role.None) revert RoleMissing();
        if (key == 0) revert KeyMissing();
        if (operatorOfKey[key] != address(0)) revert KeyTaken(key, operatorOfKey[key]);
        _requireRegion(registration.region);
        _requireEndpoints(registration.endpoints);

        operators.push(msg.sender);
        operatorOfKey[key] = msg.sender;
        node.libp2pPublicKey = key;
        node.askWeiPerGiB = registration.askWeiPerGiB;
        node.stakeWei = registration.stakeWei;
        node.region = registration.region;
        node.role = registration.role;
        node.placePlusOne = uint64(operators.length);
        node.endpoints = registration.endpoints;
        emit NodeRegistered(
            msg.sender,
            registration.role,
            registration.region,
            key,
            registration.endpoints,
            registration.askWeiPerGiB,
            registration.stakeWei
        );
        _armPositionIfDue(node);
        if (registration.stakeWei != 0) {
            TOKEN.safeTransferFrom(msg.sender, address(this), registration.stakeWei);
        }
    }

    /// Removes the sender's node; the last operator takes its place in the list.
    function _deregister(StoredNode storage node) private {
        uint64 placePlusOne = node.placePlusOne;
        bytes32 key = node.libp2pPublicKey;
        address last = operators[operators.length - 1];
        operators[placePlusOne - 1] = last;
        nodes[last].placePlusOne = placePlusOne;
        operators.pop();
        delete operatorOfKey[key];
        delete nodes[msg.sender];
        emit NodeDeregistered(msg.sender, key);
    }

    /// The key is fixed before the hash exists, and the hash is drawn once per stay, so a position cannot be ground.
    function _armPositionIfDue(StoredNode storage node) private {
        if (node.role != Role.Edge || node.positionBlock != 0) return;
        if (node.stakeWei - node.unbondingWei < minimumEdgeStakeWei) return;
        _armPosition(node, msg.sender);
    }

    function _armPosition(StoredNode storage node, address operator) private {
        uint64 positionBlock = uint64(block.number) + POSITION_DELAY_BLOCKS;
        node.positionBlock = positionBlock;
        emit PositionArmed(operator, positionBlock);
    }

    function _registered(address operator) private view returns (StoredNode storage node) {
        node = nodes[operator];
        if (node.role == Role.None) revert NotRegistered(operator);
    }

    /// A node leaves once its whole stake is being unbonded (a peer without stake: once it asked to).
    function _isLeaving(StoredNode storage node) private view returns (bool) {
        return node.unbondingEndsAt != 0 && node.unbondingWei == node.stakeWei;
    }

    function _isActive(StoredNode storage node) private view returns (bool) {
        if (_isLeaving(node)) return false;
        if (node.role == Role.Peer) return true;
        return node.nid != 0 && node.stakeWei - node.unbondingWei >= minimumEdgeStakeWei;
    }

    function _read(address operator) private view returns (Node memory) {
        StoredNode storage node = nodes[operator];
        return
            Node({
                operator: operator,
                role: node.role,
                active: node.role != Role.None && _isActive(node),
                region: node.region,
                libp2pPublicKey: node.libp2pPublicKey,
                nid: node.nid,
                askWeiPerGiB: node.askWeiPerGiB,
                stakeWei: node.stakeWei,
                unbondingWei: node.unbondingWei,
                unbondingEndsAt: node.unbondingEndsAt,
                positionBlock: node.positionBlock,
                endpoints: node.endpoints
            });
    }

    function _requireEndpoints(string[] calldata endpoints) private pure {
        if (endpoints.length > MAX_ENDPOINTS) revert TooManyEndpoints(endpoints.length, MAX_ENDPOINTS);
        for (uint256 i = 0; i < endpoints.length; ++i) {
            uint256 length = bytes(endpoints[i]).length;
            if (length == 0 || length > MAX_ENDPOINT_BYTES) revert InvalidEndpoint(i, length, MAX_ENDPOINT_BYTES);
        }
    }

    function _requireRegion(bytes8 region) private pure {
        bool ended = false;
        for (uint256 i = 0; i < 8; ++i) {
            bytes1 c = region[i];
            bool isText = (c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c == "-";
            if (c == 0 && i > 0) ended = true;
            else if (!isText || ended) revert InvalidRegion(region);
        }
    }
}
