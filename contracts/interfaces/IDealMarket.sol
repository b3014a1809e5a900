// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PermitSignature} from "../libraries/TokenPermit.sol";

/// @title Market of delivery deals
/// @notice A publisher escrows tokens in a deal and allocates them to nodes. A node is paid for receipted bytes by a
/// voucher of the publisher's collector, or by claiming receipts when the publisher is silent. What is not
/// earned returns to the publisher after a thaw.
///
/// Rules that hold at all times (PAYMENT.md, invariants):
///  - tokens held ≥ Σ (free + balance of allocations + locked + bonds + peer pools + fees not collected);
///  - for each (deal, node): paid + balance + locked = allocated − released;
///  - `paid` and `throughEpoch` of an allocation never fall; an epoch pays by at most one route;
///  - nothing leaves an allocation except to its node, or to the deal after its thaw;
///  - nobody administers the contract: no funds can be moved, no function paused by anyone but its party.
///
/// Epochs are `block.timestamp / epochSeconds`. Amounts are wei of the token and at most 2^96 − 1.
///
/// Sampled claims (`ISampledClaims`) and peer pools (`IPeerPools`) are called at the same address.
interface IDealMarket {
    /// @notice Open: all is possible. Closing: no new money, allocations thaw. Closed: no allocation holds money.
    enum DealState {
        None,
        Open,
        Closing,
        Closed
    }

    /// @notice Active → Thawing → Released; an allocation can become Active again by `allocate`.
    enum AllocationState {
        None,
        Active,
        Thawing,
        Released
    }

    /// @notice What a publisher states when opening a deal.
    struct OpenDeal {
        /// @dev Chosen by the publisher; makes the deal's identifier its own.
        bytes32 salt;
        /// @dev Signs vouchers. May be a contract (ERC-1271).
        address collector;
        /// @dev Signs grants. A plain key.
        address grantKey;
        /// @dev Digest of the root CID of the content (sha2-256), or a stream's key.
        bytes32 contentRoot;
        /// @dev Multicodec of the root CID: 0x55 raw, 0x70 dag-pb. Not interpreted on chain.
        uint32 contentCodec;
        /// @dev Agreed off chain; not interpreted on chain.
        uint8 serviceLevel;
        /// @dev Escrowed with this call into the free part of the deal.
        uint128 depositWei;
    }

    /// @notice Money for one node.
    struct AllocationRequest {
        address node;
        uint128 amountWei;
        /// @dev Price of delivery. A node's rate in a deal never changes once stated.
        uint128 ratePerGiB;
    }

    /// @notice A deal as stored.
    struct Deal {
        DealState state;
        address publisher;
        address collector;
        address grantKey;
        /// @dev The keys before the last rotation, good for epochs up to `keyLastEpoch`; zero if never rotated.
        address previousCollector;
        address previousGrantKey;
        uint32 keyLastEpoch;
        bytes32 contentRoot;
        uint32 contentCodec;
        uint8 serviceLevel;
        /// @dev Escrowed and not allocated.
        uint128 freeWei;
        /// @dev Allocations that are Active or Thawing.
        uint16 openAllocations;
    }

    /// @notice An allocation as stored.
    struct Allocation {
        AllocationState state;
        /// @dev What the node can still be paid at most.
        uint128 balanceWei;
        /// @dev Paid so far, protocol fee included.
        uint128 paidWei;
        uint128 ratePerGiB;
        /// @dev Epochs up to this one are settled.
        uint32 throughEpoch;
        /// @dev First epoch in which a thawing allocation may be released; zero unless thawing.
        uint32 thawEndEpoch;
        /// @dev Protocol fee contained in `paidWei` and not yet collected.
        uint128 feeUncollectedWei;
        /// @dev Taken out of the balance by an open claim.
        uint128 lockedWei;
    }

    /// @notice Permission for one viewer key to fetch up to a cap from one node in one epoch.
    struct Grant {
        bytes32 dealId;
        address node;
        address viewerKey;
        uint32 epoch;
        uint64 capBytes;
        bytes32 contentRoot;
    }

    /// @notice A viewer's statement of verified bytes under a grant (its EIP-712 digest), cumulative.
    struct Receipt {
        bytes32 grantHash;
        uint64 bytesCumulative;
    }

    /// @notice The collector's statement of all wei a node has earned in a deal up to an epoch.
    struct Voucher {
        bytes32 dealId;
        address node;
        uint32 throughEpoch;
        /// @dev ⌊all receipted bytes ever × ratePerGiB / 2^30⌋, wei.
        uint128 cumulative;
    }

    /// @notice A voucher with the collector's signature: 64 bytes (ERC-2098, low s), or what an ERC-1271 collector takes.
    struct SignedVoucher {
        Voucher voucher;
        bytes signature;
    }

    /// @notice A grant and its best receipt, with both signatures (ERC-2098, low s); deal, node and content are those
    /// of the claim.
    struct DirectReceipt {
        address viewerKey;
        uint32 epoch;
        uint64 capBytes;
        bytes32 grantR;
        bytes32 grantVS;
        uint64 bytesCumulative;
        bytes32 receiptR;
        bytes32 receiptVS;
    }

    /// @notice What a market is deployed with. All of it is immutable.
    struct Terms {
        /// @dev The token of escrow and payment.
        address token;
        /// @dev Says which nodes are active.
        address registry;
        /// @dev Length of an epoch, seconds.
        uint32 epochSeconds;
        /// @dev Epochs that a node has for claiming after an epoch ended.
        uint32 claimWindowEpochs;
        /// @dev Epochs from the start of a thaw to its end.
        uint32 thawEpochs;
        /// @dev Protocol fee on payments to nodes, basis points.
        uint16 protocolFeeBps;
        /// @dev Samples of a claim, at most 32. One more sample makes a false claim proportionally less likely to pass.
        uint8 claimSamples;
        /// @dev Blocks after the seed block of a claim in which its publisher may salt it.
        uint32 saltWindowBlocks;
        /// @dev Blocks after the seed block of a claim in which it can be opened.
        uint32 openingWindowBlocks;
        /// @dev Least bond of a claim; otherwise the locked amount divided by the number of samples.
        uint96 claimBondFloorWei;
        /// @dev Receives the protocol fee.
        address feeRecipient;
    }

    /// @notice A deal was opened.
    event DealOpened(
        bytes32 indexed dealId,
        address indexed publisher,
        bytes32 indexed contentRoot,
        uint32 contentCodec,
        uint8 serviceLevel,
        address collector,
        address grantKey,
        uint128 depositWei
    );
    /// @notice Tokens were added to the free part of a deal.
    event ToppedUp(bytes32 indexed dealId, address indexed from, uint128 amountWei);
    /// @notice Money was allocated to a node; the allocation is Active (again).
    event Allocated(bytes32 indexed dealId, address indexed node, uint128 amountWei, uint128 ratePerGiB);
    /// @notice An allocation started to thaw; it may be released from epoch `thawEndEpoch` on.
    event ThawStarted(bytes32 indexed dealId, address indexed node, uint32 thawEndEpoch);
    /// @notice What a node had not earned returned to the free part of the deal.
    event Released(bytes32 indexed dealId, address indexed node, uint128 amountWei);
    /// @notice A deal takes no new money.
    event DealClosing(bytes32 indexed dealId);
    /// @notice The last allocation of a closing deal was released.
    event DealClosed(bytes32 indexed dealId);
    /// @notice The publisher took tokens out of the free part of a deal.
    event Withdrawn(bytes32 indexed dealId, address indexed to, uint128 amountWei);
    /// @notice The keys of a deal changed; those before stay good for epochs up to `keyLastEpoch`.
    event KeysRotated(bytes32 indexed dealId, address grantKey, address collector, uint32 keyLastEpoch);
    /// @notice A voucher was redeemed: `paidWei` left the allocation, `feeWei` of it is the protocol's, the rest went to `to`.
    event VoucherRedeemed(
        bytes32 indexed dealId,
        address indexed node,
        address to,
        uint32 throughEpoch,
        uint128 cumulative,
        uint128 paidWei,
        uint128 feeWei
    );
    /// @notice Receipts were claimed directly: `paidWei` left the allocation, `feeWei` of it is the protocol's, the rest went to `to`.
    event DirectClaimed(
        bytes32 indexed dealId,
        address indexed node,
        address indexed to,
        uint32 toEpoch,
        uint256 bytesTotal,
        uint128 paidWei,
        uint128 feeWei
    );
    /// @notice Protocol fees of a deal went to the fee recipient.
    event FeesCollected(bytes32 indexed dealId, address indexed recipient, uint128 amountWei);

    /// @notice An epoch lasts from one second to 30 days.
    error InvalidEpochSeconds(uint32 epochSeconds, uint32 maxSeconds);
    /// @notice The thaw must outlast the epoch it starts in and the claim window.
    error ThawTooShort(uint32 thawEpochs, uint32 minEpochs);
    /// @notice The protocol fee is above its bound.
    error FeeTooHigh(uint16 feeBps, uint16 maxFeeBps);
    /// @notice An address must not be zero.
    error AddressZero();
    /// @notice An amount must not be zero.
    error AmountZero();
    /// @notice An amount is above what the contract can count.
    error AmountTooLarge(uint256 amountWei, uint256 maxWei);
    /// @notice A rate must not be zero.
    error RateZero();
    /// @notice A deal is about some content.
    error ContentRootMissing();
    /// @notice A list is empty.
    error ListEmpty();
    /// @notice A list is longer than allowed.
    error ListTooLong(uint256 length, uint256 max);
    /// @notice The publisher has used this salt.
    error DealExists(bytes32 dealId);
    /// @notice There is no such deal.
    error DealUnknown(bytes32 dealId);
    /// @notice The deal takes no new money.
    error DealNotOpen(bytes32 dealId, DealState state);
    /// @notice Only the publisher of the deal may do this.
    error NotPublisher(bytes32 dealId, address caller, address publisher);
    /// @notice The free part of the deal is smaller than the amount.
    error InsufficientFree(bytes32 dealId, uint128 freeWei, uint128 requestedWei);
    /// @notice Only an active edge can be allocated money.
    error NodeNotActive(address node);
    /// @notice A node's rate in a deal never changes.
    error RateMismatch(bytes32 dealId, address node, uint128 ratePerGiB, uint128 requestedRatePerGiB);
    /// @notice The allocation is not in the state that the call needs.
    error WrongAllocationState(bytes32 dealId, address node, AllocationState state);
    /// @notice The thaw has not ended.
    error ThawNotEnded(bytes32 dealId, address node, uint32 thawEndEpoch, uint32 currentEpoch);
    /// @notice The previous keys must first be out of every claim window.
    error RotationTooEarly(bytes32 dealId, uint32 allowedFromEpoch, uint32 currentEpoch);
    /// @notice Only the node named may redeem.
    error WrongNode(address node, address caller);
    /// @notice Only epochs that have ended are settled.
    error EpochNotEnded(uint32 epoch, uint32 currentEpoch);
    /// @notice These epochs are settled already.
    error EpochSettled(bytes32 dealId, address node, uint32 epoch, uint32 throughEpoch);
    /// @notice The collector did not sign this voucher, or its key is not good for this epoch.
    error InvalidVoucherSignature(bytes32 dealId, address node, uint32 throughEpoch);
    /// @notice Nothing would be paid; the voucher or the receipts stay good.
    error NothingDue(bytes32 dealId, address node, uint128 paidWei, uint128 balanceWei);
    /// @notice Grant hashes must rise strictly, so no grant counts twice.
    error GrantsNotSorted(bytes32 previousGrantHash, bytes32 grantHash);
    /// @notice The grant key did not sign this grant, or the key is not good for this epoch.
    error InvalidGrantSignature(bytes32 grantHash);
    /// @notice The viewer key did not sign this receipt.
    error InvalidReceiptSignature(bytes32 grantHash);
    /// @notice The receipt exceeds the cap of its grant.
    error CapExceeded(bytes32 grantHash, uint64 bytesCumulative, uint64 capBytes);
    /// @notice The grant's epoch is settled already or later than the claim's last epoch.
    error EpochOutsideClaim(bytes32 grantHash, uint32 epoch, uint32 throughEpoch, uint32 toEpoch);

    /// @notice Opens a deal of the sender and escrows its deposit, which the sender has approved.
    /// @return dealId `keccak256(abi.encode(block.chainid, address(this), publisher, salt))`
    function openDeal(OpenDeal calldata request) external returns (bytes32 dealId);

    /// @notice Same as `openDeal`, the approval given by signature.
    function openDealWithPermit(
        OpenDeal calldata request,
        PermitSignature calldata permit
    ) external returns (bytes32 dealId);

    /// @notice Adds tokens of the sender, whoever it is, to the free part of an open deal.
    function topUp(bytes32 dealId, uint128 amountWei) external;

    /// @notice Moves free money to nodes: creates allocations, or adds to them at the same rate. A thawing or
    /// released allocation becomes Active again. Only the publisher; at most 64 requests.
    function allocate(bytes32 dealId, AllocationRequest[] calldata requests) external;

    /// @notice Starts the thaw of active allocations. Only the publisher; at most 64 nodes.
    function thaw(bytes32 dealId, address[] calldata nodes) external;

    /// @notice Returns the balances of allocations whose thaw has ended to the free part of the deal. Only the
    /// publisher; at most 64 nodes. A closing deal is Closed by its last release.
    function release(bytes32 dealId, address[] calldata nodes) external;

    /// @notice Refuses new money from now on and starts the thaw of the active ones of `nodes`. Only the publisher;
    /// call again or use `thaw` for more than 64 nodes.
    function closeDeal(bytes32 dealId, address[] calldata nodes) external;

    /// @notice Takes tokens out of the free part of a deal, in any state of the deal. Only the publisher.
    function withdraw(bytes32 dealId, uint128 amountWei, address to) external;

    /// @notice Replaces the keys of a deal. Those before stay good for epochs up to the next one. Only the publisher.
    /// @dev Refused until the keys before are past their last epoch and its claim window.
    function rotateKeys(bytes32 dealId, address grantKey, address collector) external;

    /// @notice Pays the sender, the voucher's node, `min(cumulative − paid, balance)`, less the protocol fee, to `to`.
    /// @dev What the balance cannot cover stays payable by the same voucher after a top-up. While a claim is open a
    /// voucher waits (`ISampledClaims.ClaimOpen`), or takes its place: `ISampledClaims.supersedeClaim`.
    function redeemVoucher(Voucher calldata voucher, bytes calldata signature, address to) external;

    /// @notice Same for vouchers of many deals, with one transfer. A voucher with nothing due is passed over, so one
    /// publisher's empty allocation does not block the others; the whole must be due something. At most
    /// 64 vouchers.
    function redeemVouchers(SignedVoucher[] calldata vouchers, address to) external;

    /// @notice Pays the sender for receipts of the epochs after the allocation's `throughEpoch` and up to `toEpoch`,
    /// all ended; settles those epochs. Receipts are sorted by grant hash; at most 512.
    /// @dev What the balance cannot cover can only be paid by a later voucher.
    function claimDirect(bytes32 dealId, uint32 toEpoch, DirectReceipt[] calldata receipts, address to) external;

    /// @notice Sends the protocol fees contained in payments of these allocations to the fee recipient. Anyone may
    /// call it; at most 64 nodes.
    function collectFees(bytes32 dealId, address[] calldata nodes) external;

    /// @notice A deal; state None if there is none.
    function dealOf(bytes32 dealId) external view returns (Deal memory);

    /// @notice An allocation; state None if there is none.
    function allocationOf(bytes32 dealId, address node) external view returns (Allocation memory);

    /// @notice The epoch of the current block.
    function currentEpoch() external view returns (uint32);

    /// @notice EIP-712 digest of a grant: the `grantHash` of its receipts.
    function hashGrant(Grant calldata grant) external view returns (bytes32);

    /// @notice EIP-712 digest of a receipt.
    function hashReceipt(Receipt calldata receipt) external view returns (bytes32);

    /// @notice EIP-712 digest of a voucher.
    function hashVoucher(Voucher calldata voucher) external view returns (bytes32);

    /// @notice Length of an epoch, seconds.
    function epochSeconds() external view returns (uint32);

    /// @notice All immutable terms.
    function terms() external view returns (Terms memory);
}
