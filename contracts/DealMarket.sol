// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IDealMarket} from "./interfaces/IDealMarket.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {Account, Accounts} from "./libraries/Accounts.sol";
import {DealMessages} from "./libraries/DealMessages.sol";
import {Payments} from "./libraries/Payments.sol";
import {PermitSignature, TokenPermit} from "./libraries/TokenPermit.sol";

/// @title Market of delivery deals
/// @dev Every function refuses, updates, announces, and moves tokens last. Before that only views are called (the
/// registry, an ERC-1271 collector), which cannot re-enter with an effect; so no lock against re-entry is needed.
contract DealMarket is IDealMarket, EIP712 {
    using SafeERC20 for IERC20;

    /// Longest epoch, seconds.
    uint32 private constant MAX_EPOCH_SECONDS = 30 days;
    /// Bound of the protocol fee, basis points.
    uint16 private constant MAX_PROTOCOL_FEE_BPS = 500;
    /// Nodes in one call of `allocate`, `thaw`, `release`, `closeDeal`, `collectFees`.
    uint256 private constant MAX_NODES_PER_CALL = 64;
    /// Vouchers in one call of `redeemVouchers`.
    uint256 private constant MAX_VOUCHERS_PER_CALL = 64;
    /// Receipts in one call of `claimDirect`.
    uint256 private constant MAX_RECEIPTS_PER_CLAIM = 512;

    struct StoredAllocation {
        Account account;
        uint128 ratePerGiB;
        uint96 feeCollectedWei;
        AllocationState state;
    }

    struct StoredDeal {
        // The word a redemption reads.
        address collector;
        uint32 keyLastEpoch;
        uint32 contentCodec;
        DealState state;
        uint8 serviceLevel;
        uint16 openAllocations;
        // The word a direct claim reads beside it.
        address grantKey;
        uint96 freeWei;
        address publisher;
        bytes32 contentRoot;
        address previousCollector;
        address previousGrantKey;
        mapping(address node => StoredAllocation) allocations;
    }

    IERC20 private immutable TOKEN;
    INodeRegistry private immutable REGISTRY;
    /// @inheritdoc IDealMarket
    uint32 public immutable epochSeconds;
    uint32 private immutable CLAIM_WINDOW_EPOCHS;
    uint32 private immutable THAW_EPOCHS;
    uint16 private immutable PROTOCOL_FEE_BPS;
    address private immutable FEE_RECIPIENT;

    mapping(bytes32 dealId => StoredDeal) private deals;

    constructor(Terms memory t) EIP712("BCDN", "1") {
        if (t.token == address(0) || t.registry == address(0)) revert AddressZero();
        if (t.epochSeconds == 0 || t.epochSeconds > MAX_EPOCH_SECONDS) {
            revert InvalidEpochSeconds(t.epochSeconds, MAX_EPOCH_SECONDS);
        }
        if (t.thawEpochs < uint256(t.claimWindowEpochs) + 1) {
            revert ThawTooShort(t.thawEpochs, t.claimWindowEpochs + 1);
        }
        if (t.protocolFeeBps > MAX_PROTOCOL_FEE_BPS) revert FeeTooHigh(t.protocolFeeBps, MAX_PROTOCOL_FEE_BPS);
        if (t.protocolFeeBps != 0 && t.feeRecipient == address(0)) revert AddressZero();
        TOKEN = IERC20(t.token);
        REGISTRY = INodeRegistry(t.registry);
        epochSeconds = t.epochSeconds;
        CLAIM_WINDOW_EPOCHS = t.claimWindowEpochs;
        THAW_EPOCHS = t.thawEpochs;
        PROTOCOL_FEE_BPS = t.protocolFeeBps;
        FEE_RECIPIENT = t.feeRecipient;
    }

    // ------------------------------------------------------------------ publisher

    /// @inheritdoc IDealMarket
    function openDeal(OpenDeal calldata request) external returns (bytes32 dealId) {
        return _openDeal(request);
    }

    /// @inheritdoc IDealMarket
    function openDealWithPermit(
        OpenDeal calldata request,
        PermitSignature calldata permit
    ) external returns (bytes32 dealId) {
        TokenPermit.tryUse(address(TOKEN), request.depositWei, permit);
        return _openDeal(request);
    }

    /// @inheritdoc IDealMarket
    function topUp(bytes32 dealId, uint128 amountWei) external {
        StoredDeal storage deal = _openDealOf(dealId);
        if (amountWei == 0) revert AmountZero();
        deal.freeWei = _toUint96(uint256(deal.freeWei) + amountWei);
        emit ToppedUp(dealId, msg.sender, amountWei);
        TOKEN.safeTransferFrom(msg.sender, address(this), amountWei);
    }

    /// @inheritdoc IDealMarket
    function allocate(bytes32 dealId, AllocationRequest[] calldata requests) external {
        StoredDeal storage deal = _openDealOf(dealId);
        _requirePublisher(deal, dealId);
        _requireLength(requests.length, MAX_NODES_PER_CALL);
        uint96 freeWei = deal.freeWei;
        uint16 opened = 0;
        for (uint256 i = 0; i < requests.length; ++i) {
            AllocationRequest calldata request = requests[i];
            if (request.amountWei == 0) revert AmountZero();
            if (request.amountWei > freeWei) revert InsufficientFree(dealId, freeWei, request.amountWei);
            freeWei -= uint96(request.amountWei);
            if (_allocate(dealId, request)) ++opened;
            emit Allocated(dealId, request.node, request.amountWei, request.ratePerGiB);
        }
        deal.freeWei = freeWei;
        deal.openAllocations += opened;
    }

    /// @inheritdoc IDealMarket
    function thaw(bytes32 dealId, address[] calldata nodes) external {
        _requirePublisher(deals[dealId], dealId);
        _requireLength(nodes.length, MAX_NODES_PER_CALL);
        for (uint256 i = 0; i < nodes.length; ++i) {
            StoredAllocation storage allocation = deals[dealId].allocations[nodes[i]];
            if (allocation.state != AllocationState.Active) {
                revert WrongAllocationState(dealId, nodes[i], allocation.state);
            }
            _startThaw(allocation, dealId, nodes[i]);
        }
    }

    /// @inheritdoc IDealMarket
    function release(bytes32 dealId, address[] calldata nodes) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        _requireLength(nodes.length, MAX_NODES_PER_CALL);
        uint96 releasedWei = 0;
        for (uint256 i = 0; i < nodes.length; ++i) releasedWei += _release(dealId, nodes[i]);
        deal.freeWei += releasedWei;
        deal.openAllocations -= uint16(nodes.length);
        _closeIfDone(deal, dealId);
    }

    /// @inheritdoc IDealMarket
    function closeDeal(bytes32 dealId, address[] calldata nodes) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        if (deal.state == DealState.Closed) revert DealNotOpen(dealId, deal.state);
        if (nodes.length > MAX_NODES_PER_CALL) revert ListTooLong(nodes.length, MAX_NODES_PER_CALL);
        if (deal.state == DealState.Open) {
            deal.state = DealState.Closing;
            emit DealClosing(dealId);
        }
        for (uint256 i = 0; i < nodes.length; ++i) {
            StoredAllocation storage allocation = deals[dealId].allocations[nodes[i]];
            if (allocation.state == AllocationState.Active) _startThaw(allocation, dealId, nodes[i]);
        }
        _closeIfDone(deal, dealId);
    }

    /// @inheritdoc IDealMarket
    function withdraw(bytes32 dealId, uint128 amountWei, address to) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        if (amountWei == 0) revert AmountZero();
        if (amountWei > deal.freeWei) revert InsufficientFree(dealId, deal.freeWei, amountWei);
        deal.freeWei -= uint96(amountWei);
        emit Withdrawn(dealId, to, amountWei);
        TOKEN.safeTransfer(to, amountWei);
    }

    /// @inheritdoc IDealMarket
    function rotateKeys(bytes32 dealId, address grantKey, address collector) external {
        StoredDeal storage deal = deals[dealId];
        _requirePublisher(deal, dealId);
        if (grantKey == address(0) || collector == address(0)) revert AddressZero();
        uint32 epoch = currentEpoch();
        if (deal.previousGrantKey != address(0)) {
            uint32 allowedFromEpoch = deal.keyLastEpoch + CLAIM_WINDOW_EPOCHS + 1;
            if (epoch < allowedFromEpoch) revert RotationTooEarly(dealId, allowedFromEpoch, epoch);
        }
        deal.previousGrantKey = deal.grantKey;
        deal.previousCollector = deal.collector;
        deal.grantKey = grantKey;
        deal.collector = collector;
        deal.keyLastEpoch = epoch + 1;
        emit KeysRotated(dealId, grantKey, collector, epoch + 1);
    }

    // ------------------------------------------------------------------ node

    /// @inheritdoc IDealMarket
    function redeemVoucher(Voucher calldata voucher, bytes calldata signature, address to) external {
        uint256 netWei = _redeem(voucher, signature, to, currentEpoch());
        if (netWei == 0) _revertNothingDue(voucher.dealId, deals[voucher.dealId].allocations[msg.sender].account);
        TOKEN.safeTransfer(to, netWei);
    }

    /// @inheritdoc IDealMarket
    function redeemVouchers(SignedVoucher[] calldata vouchers, address to) external {
        _requireLength(vouchers.length, MAX_VOUCHERS_PER_CALL);
        uint32 epoch = currentEpoch();
        uint256 netWei = 0;
        for (uint256 i = 0; i < vouchers.length; ++i) {
            netWei += _redeem(vouchers[i].voucher, vouchers[i].signature, to, epoch);
        }
        if (netWei == 0) {
            bytes32 dealId = vouchers[0].voucher.dealId;
            _revertNothingDue(dealId, deals[dealId].allocations[msg.sender].account);
        }
        TOKEN.safeTransfer(to, netWei);
    }

    /// @inheritdoc IDealMarket
    function claimDirect(bytes32 dealId, uint32 toEpoch, DirectReceipt[] calldata receipts, address to) external {
        _requireLength(receipts.length, MAX_RECEIPTS_PER_CLAIM);
        uint32 epoch = currentEpoch();
        if (toEpoch >= epoch) revert EpochNotEnded(toEpoch, epoch);
        StoredAllocation storage allocation = deals[dealId].allocations[msg.sender];
        Account account = allocation.account;
        uint32 throughEpoch = account.throughEpoch();
        if (toEpoch <= throughEpoch) revert EpochSettled(dealId, msg.sender, toEpoch, throughEpoch);
        uint256 bytesTotal = _sumReceipts(deals[dealId], receipts, Span(dealId, throughEpoch, toEpoch));

        uint256 dueWei = Payments.priceWei(bytesTotal, allocation.ratePerGiB);
        if (dueWei > account.balanceWei()) dueWei = account.balanceWei();
        if (dueWei == 0) _revertNothingDue(dealId, account);
        uint256 feeWei = Payments.feeOfPaymentWei(account.paidWei(), dueWei, PROTOCOL_FEE_BPS);
        allocation.account = account.afterPayment(dueWei, toEpoch);
        emit DirectClaimed(dealId, msg.sender, to, toEpoch, bytesTotal, uint128(dueWei), uint128(feeWei));
        TOKEN.safeTransfer(to, dueWei - feeWei);
    }

    /// @inheritdoc IDealMarket
    function collectFees(bytes32 dealId, address[] calldata nodes) external {
        _requireLength(nodes.length, MAX_NODES_PER_CALL);
        uint96 totalWei = 0;
        for (uint256 i = 0; i < nodes.length; ++i) {
            StoredAllocation storage allocation = deals[dealId].allocations[nodes[i]];
            uint96 withinWei = uint96(Payments.feeWithinWei(allocation.account.paidWei(), PROTOCOL_FEE_BPS));
            totalWei += withinWei - allocation.feeCollectedWei;
            allocation.feeCollectedWei = withinWei;
        }
        if (totalWei == 0) revert AmountZero();
        emit FeesCollected(dealId, FEE_RECIPIENT, totalWei);
        TOKEN.safeTransfer(FEE_RECIPIENT, totalWei);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IDealMarket
    function dealOf(bytes32 dealId) external view returns (Deal memory) {
        StoredDeal storage deal = deals[dealId];
        return
            Deal({
                state: deal.state,
                publisher: deal.publisher,
                collector: deal.collector,
                grantKey: deal.grantKey,
                previousCollector: deal.previousCollector,
                previousGrantKey: deal.previousGrantKey,
                keyLastEpoch: deal.keyLastEpoch,
                contentRoot: deal.contentRoot,
                contentCodec: deal.contentCodec,
                serviceLevel: deal.serviceLevel,
                freeWei: deal.freeWei,
                openAllocations: deal.openAllocations
            });
    }

    /// @inheritdoc IDealMarket
    function allocationOf(bytes32 dealId, address node) external view returns (Allocation memory) {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        Account account = allocation.account;
        uint256 feeWithinWei = Payments.feeWithinWei(account.paidWei(), PROTOCOL_FEE_BPS);
        return
            Allocation({
                state: allocation.state,
                balanceWei: account.balanceWei(),
                paidWei: account.paidWei(),
                ratePerGiB: allocation.ratePerGiB,
                throughEpoch: account.throughEpoch(),
                thawEndEpoch: account.thawEndEpoch(),
                feeUncollectedWei: uint128(feeWithinWei - allocation.feeCollectedWei)
            });
    }

    /// @inheritdoc IDealMarket
    function currentEpoch() public view returns (uint32) {
        return uint32(block.timestamp / epochSeconds);
    }

    /// @inheritdoc IDealMarket
    function hashGrant(Grant calldata grant) external view returns (bytes32) {
        return _hashTypedDataV4(DealMessages.grantStructHash(grant));
    }

    /// @inheritdoc IDealMarket
    function hashReceipt(Receipt calldata receipt) external view returns (bytes32) {
        return _hashTypedDataV4(DealMessages.receiptStructHash(receipt.grantHash, receipt.bytesCumulative));
    }

    /// @inheritdoc IDealMarket
    function hashVoucher(Voucher calldata voucher) external view returns (bytes32) {
        return
            _hashTypedDataV4(
                DealMessages.voucherStructHash(
                    voucher.dealId,
                    voucher.node,
                    voucher.throughEpoch,
                    voucher.cumulative
                )
            );
    }

    /// @inheritdoc IDealMarket
    function terms() external view returns (Terms memory) {
        return
            Terms({
                token: address(TOKEN),
                registry: address(REGISTRY),
                epochSeconds: epochSeconds,
                claimWindowEpochs: CLAIM_WINDOW_EPOCHS,
                thawEpochs: THAW_EPOCHS,
                protocolFeeBps: PROTOCOL_FEE_BPS,
                feeRecipient: FEE_RECIPIENT
            });
    }

    // ------------------------------------------------------------------ steps

    function _openDeal(OpenDeal calldata request) private returns (bytes32 dealId) {
        dealId = keccak256(abi.encode(block.chainid, address(this), msg.sender, request.salt));
        StoredDeal storage deal = deals[dealId];
        if (deal.state != DealState.None) revert DealExists(dealId);
        if (request.collector == address(0) || request.grantKey == address(0)) revert AddressZero();
        if (request.contentRoot == 0) revert ContentRootMissing();
        deal.collector = request.collector;
        deal.contentCodec = request.contentCodec;
        deal.state = DealState.Open;
        deal.serviceLevel = request.serviceLevel;
        deal.grantKey = request.grantKey;
        deal.freeWei = _toUint96(request.depositWei);
        deal.publisher = msg.sender;
        deal.contentRoot = request.contentRoot;
        emit DealOpened(
            dealId,
            msg.sender,
            request.contentRoot,
            request.contentCodec,
            request.serviceLevel,
            request.collector,
            request.grantKey,
            request.depositWei
        );
        if (request.depositWei != 0) TOKEN.safeTransferFrom(msg.sender, address(this), request.depositWei);
    }

    /// Creates an allocation or adds to it; says whether it was not open before.
    function _allocate(bytes32 dealId, AllocationRequest calldata request) private returns (bool opened) {
        address node = request.node;
        if (request.ratePerGiB == 0) revert RateZero();
        if (!REGISTRY.isActiveEdge(node)) revert NodeNotActive(node);
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        Account account = allocation.account;
        AllocationState state = allocation.state;
        if (state == AllocationState.None) {
            allocation.ratePerGiB = request.ratePerGiB;
            // Epochs before the allocation were never its business, so no old grant can be claimed from it.
            account = Accounts.pack(0, 0, currentEpoch() - 1, 0);
        } else if (allocation.ratePerGiB != request.ratePerGiB) {
            revert RateMismatch(dealId, node, allocation.ratePerGiB, request.ratePerGiB);
        }
        if (state != AllocationState.Active) {
            allocation.state = AllocationState.Active;
            account = account.withThawEnd(0);
        }
        // Bounding all that was ever allocated keeps `paid` within its field however often tokens go round.
        uint256 balanceWei = uint256(account.balanceWei()) + request.amountWei;
        _toUint96(account.paidWei() + balanceWei);
        allocation.account = account.withBalance(uint96(balanceWei));
        return state == AllocationState.None || state == AllocationState.Released;
    }

    function _startThaw(StoredAllocation storage allocation, bytes32 dealId, address node) private {
        uint32 thawEndEpoch = currentEpoch() + THAW_EPOCHS;
        allocation.state = AllocationState.Thawing;
        allocation.account = allocation.account.withThawEnd(thawEndEpoch);
        emit ThawStarted(dealId, node, thawEndEpoch);
    }

    function _release(bytes32 dealId, address node) private returns (uint96 amountWei) {
        StoredAllocation storage allocation = deals[dealId].allocations[node];
        if (allocation.state != AllocationState.Thawing) {
            revert WrongAllocationState(dealId, node, allocation.state);
        }
        uint32 epoch = currentEpoch();
        Account account = allocation.account;
        if (epoch < account.thawEndEpoch()) revert ThawNotEnded(dealId, node, account.thawEndEpoch(), epoch);
        amountWei = account.balanceWei();
        allocation.account = account.withBalance(0).withThawEnd(0);
        allocation.state = AllocationState.Released;
        emit Released(dealId, node, amountWei);
    }

    function _closeIfDone(StoredDeal storage deal, bytes32 dealId) private {
        if (deal.state != DealState.Closing || deal.openAllocations != 0) return;
        deal.state = DealState.Closed;
        emit DealClosed(dealId);
    }

    /// Settles one voucher; returns what is to be sent to its node.
    function _redeem(
        Voucher calldata voucher,
        bytes calldata signature,
        address to,
        uint32 epoch
    ) private returns (uint256 netWei) {
        bytes32 dealId = voucher.dealId;
        uint32 throughEpoch = voucher.throughEpoch;
        if (voucher.node != msg.sender) revert WrongNode(voucher.node, msg.sender);
        if (throughEpoch >= epoch) revert EpochNotEnded(throughEpoch, epoch);
        StoredDeal storage deal = deals[dealId];
        StoredAllocation storage allocation = deal.allocations[msg.sender];
        Account account = allocation.account;
        if (throughEpoch < account.throughEpoch()) {
            revert EpochSettled(dealId, msg.sender, throughEpoch, account.throughEpoch());
        }
        uint128 cumulativeWei = voucher.cumulative;
        bytes32 digest = _hashTypedDataV4(
            DealMessages.voucherStructHash(dealId, msg.sender, throughEpoch, cumulativeWei)
        );
        if (!_isCollectorSignature(deal, digest, signature, throughEpoch)) {
            revert InvalidVoucherSignature(dealId, msg.sender, throughEpoch);
        }

        uint256 dueWei = Payments.duePaymentWei(cumulativeWei, account.paidWei(), account.balanceWei());
        if (dueWei == 0) return 0;
        uint256 feeWei = Payments.feeOfPaymentWei(account.paidWei(), dueWei, PROTOCOL_FEE_BPS);
        allocation.account = account.afterPayment(dueWei, throughEpoch);
        emit VoucherRedeemed(
            dealId,
            msg.sender,
            to,
            throughEpoch,
            cumulativeWei,
            uint128(dueWei),
            uint128(feeWei)
        );
        unchecked {
            return dueWei - feeWei;
        }
    }

    /// What all receipts of a direct claim have in common.
    struct Span {
        bytes32 dealId;
        uint32 throughEpoch;
        uint32 toEpoch;
    }

    /// Verifies every receipt of a direct claim of the sender and adds up their bytes.
    function _sumReceipts(
        StoredDeal storage deal,
        DirectReceipt[] calldata receipts,
        Span memory span
    ) private view returns (uint256 bytesTotal) {
        Grant memory grant = Grant(span.dealId, msg.sender, address(0), 0, 0, deal.contentRoot);
        address grantKey = deal.grantKey;
        bytes32 previousHash = 0;
        for (uint256 i = 0; i < receipts.length; ++i) {
            DirectReceipt calldata receipt = receipts[i];
            grant.viewerKey = receipt.viewerKey;
            grant.epoch = receipt.epoch;
            grant.capBytes = receipt.capBytes;
            bytes32 grantHash = _hashTypedDataV4(DealMessages.grantStructHash(grant));
            if (grantHash <= previousHash) revert GrantsNotSorted(previousHash, grantHash);
            previousHash = grantHash;
            if (receipt.epoch <= span.throughEpoch || receipt.epoch > span.toEpoch) {
                revert EpochOutsideClaim(grantHash, receipt.epoch, span.throughEpoch, span.toEpoch);
            }
            if (receipt.bytesCumulative > receipt.capBytes) {
                revert CapExceeded(grantHash, receipt.bytesCumulative, receipt.capBytes);
            }
            address signer = _recover(grantHash, receipt.grantR, receipt.grantVS);
            if (signer == address(0) || (signer != grantKey && !_isPreviousGrantKey(deal, signer, receipt.epoch))) {
                revert InvalidGrantSignature(grantHash);
            }
            bytes32 receiptHash = _hashTypedDataV4(
                DealMessages.receiptStructHash(grantHash, receipt.bytesCumulative)
            );
            signer = _recover(receiptHash, receipt.receiptR, receipt.receiptVS);
            if (signer == address(0) || signer != receipt.viewerKey) revert InvalidReceiptSignature(grantHash);
            bytesTotal += receipt.bytesCumulative;
        }
    }

    // ------------------------------------------------------------------ refusals

    /// Whether the collector signed, or the one before if its key is good for this epoch.
    function _isCollectorSignature(
        StoredDeal storage deal,
        bytes32 digest,
        bytes calldata signature,
        uint32 throughEpoch
    ) private view returns (bool) {
        address collector = deal.collector;
        address signer = address(0);
        if (signature.length == 64) {
            (bytes32 r, bytes32 vs) = abi.decode(signature, (bytes32, bytes32));
            signer = _recover(digest, r, vs);
            if (signer != address(0) && signer == collector) return true;
        }
        if (SignatureChecker.isValidERC1271SignatureNowCalldata(collector, digest, signature)) return true;
        if (throughEpoch > deal.keyLastEpoch) return false;
        address previous = deal.previousCollector;
        return
            (signer != address(0) && signer == previous) ||
            SignatureChecker.isValidERC1271SignatureNowCalldata(previous, digest, signature);
    }

    function _isPreviousGrantKey(StoredDeal storage deal, address signer, uint32 epoch) private view returns (bool) {
        return epoch <= deal.keyLastEpoch && signer == deal.previousGrantKey;
    }

    function _revertNothingDue(bytes32 dealId, Account account) private view {
        revert NothingDue(dealId, msg.sender, account.paidWei(), account.balanceWei());
    }

    function _openDealOf(bytes32 dealId) private view returns (StoredDeal storage deal) {
        deal = deals[dealId];
        if (deal.state == DealState.None) revert DealUnknown(dealId);
        if (deal.state != DealState.Open) revert DealNotOpen(dealId, deal.state);
    }

    function _requirePublisher(StoredDeal storage deal, bytes32 dealId) private view {
        address publisher = deal.publisher;
        if (publisher == address(0)) revert DealUnknown(dealId);
        if (publisher != msg.sender) revert NotPublisher(dealId, msg.sender, publisher);
    }

    function _requireLength(uint256 length, uint256 max) private pure {
        if (length == 0) revert ListEmpty();
        if (length > max) revert ListTooLong(length, max);
    }

    function _toUint96(uint256 amountWei) private pure returns (uint96) {
        if (amountWei > type(uint96).max) revert AmountTooLarge(amountWei, type(uint96).max);
        return uint96(amountWei);
    }

    /// The signer of a compact signature with low s, or zero.
    function _recover(bytes32 digest, bytes32 r, bytes32 vs) private pure returns (address signer) {
        (signer, , ) = ECDSA.tryRecover(digest, r, vs);
    }
}
