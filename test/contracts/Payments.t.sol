// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account, Accounts} from "../../contracts/libraries/Accounts.sol";
import {ClaimSamples} from "../../contracts/libraries/ClaimSamples.sol";
import {Payments} from "../../contracts/libraries/Payments.sol";

/// Fuzz tests of the arithmetic that decides who gets what.
contract PaymentsTest {
    uint256 private constant GIB = 1 << 30;

    function testFuzz_priceIsTheFloorOfBytesTimesRate(uint64 bytesTotal, uint128 rate) external pure {
        uint256 price = Payments.priceWei(bytesTotal, rate);
        uint256 product = uint256(bytesTotal) * rate;
        assert(price * GIB <= product);
        assert(product - price * GIB < GIB);
    }

    function testFuzz_pricesOfPartsNeverExceedThePriceOfTheWhole(uint64 a, uint64 b, uint128 rate) external pure {
        uint256 whole = Payments.priceWei(uint256(a) + b, rate);
        uint256 parts = Payments.priceWei(a, rate) + Payments.priceWei(b, rate);
        assert(parts <= whole && whole <= parts + 1);
    }

    function testFuzz_paymentIsBoundedByBalanceAndByWhatIsOwed(
        uint128 cumulative,
        uint96 paid,
        uint96 balance
    ) external pure {
        uint256 due = Payments.duePaymentWei(cumulative, paid, balance);
        assert(due <= balance);
        if (cumulative <= paid) assert(due == 0);
        else assert(paid + due <= cumulative && (due == balance || paid + due == cumulative));
    }

    function testFuzz_feesOfPaymentsAddUpToTheFeeOfTheirSum(
        uint88 first,
        uint88 second,
        uint88 third,
        uint16 bps
    ) external pure {
        uint256 feeBps = bps % 501;
        uint256 fees = Payments.feeOfPaymentWei(0, first, feeBps) +
            Payments.feeOfPaymentWei(first, second, feeBps) +
            Payments.feeOfPaymentWei(uint256(first) + second, third, feeBps);
        assert(fees == Payments.feeWithinWei(uint256(first) + second + third, feeBps));
        assert(fees <= ((uint256(first) + second + third) * 5) / 100);
    }

    function testFuzz_feeNeverExceedsThePayment(uint96 paidBefore, uint96 due, uint16 bps) external pure {
        assert(Payments.feeOfPaymentWei(paidBefore, due, bps % 501) <= due);
    }

    function testFuzz_accountKeepsItsFieldsApart(uint96 balance, uint96 paid, uint32 through, uint32 thawEnd) external pure {
        Account account = Accounts.pack(balance, paid, through, thawEnd);
        assert(account.balanceWei() == balance && account.paidWei() == paid);
        assert(account.throughEpoch() == through && account.thawEndEpoch() == thawEnd);
        Account other = account.withBalance(paid).withThawEnd(through);
        assert(other.balanceWei() == paid && other.paidWei() == paid);
        assert(other.throughEpoch() == through && other.thawEndEpoch() == through);
    }

    function testFuzz_paymentMovesFromBalanceToPaid(
        uint96 balance,
        uint96 paid,
        uint96 share,
        uint32 through,
        uint32 next,
        uint32 thawEnd
    ) external pure {
        // The market bounds all that was ever allocated, paid and balance together, to 96 bits.
        paid = uint96(paid % (uint256(type(uint96).max) - balance + 1));
        uint96 due = balance == 0 ? 0 : share % balance;
        Account account = Accounts.pack(balance, paid, through, thawEnd).afterPayment(due, next);
        assert(account.balanceWei() == balance - due);
        assert(account.paidWei() == paid + due);
        assert(account.throughEpoch() == next && account.thawEndEpoch() == thawEnd);
    }

    function testFuzz_anOpenClaimHoldsItsAmountAndEveryEpoch(
        uint96 balance,
        uint96 paid,
        uint96 share,
        uint32 through,
        uint32 to,
        uint32 thawEnd
    ) external pure {
        uint96 locked = balance == 0 ? 0 : share % balance;
        Account account = Accounts.pack(balance, paid, through % type(uint32).max, thawEnd);
        Account open = account.withOpenClaim(locked);
        assert(!account.hasOpenClaim() && open.hasOpenClaim());
        assert(open.balanceWei() == balance - locked && open.paidWei() == paid && open.thawEndEpoch() == thawEnd);
        // No epoch reaches it: a redemption that compares epochs finds it.
        assert(open.throughEpoch() == type(uint32).max);
        Account topped = open.withBalance(open.balanceWei()).withThawEnd(through);
        assert(topped.hasOpenClaim());
        Account closed = open.withoutClaim(locked, to);
        assert(closed.balanceWei() == balance && closed.throughEpoch() == to && closed.paidWei() == paid);
    }

    function testFuzz_samplesLieInTheirStrata(bytes32 seed, uint64 total, uint8 count) external pure {
        uint256 samples = (uint256(count) % 32) + 1;
        uint256 totalBytes = uint256(total) + samples;
        for (uint256 i = 0; i < samples; ++i) {
            uint256 drawn = ClaimSamples.sampleByte(seed, totalBytes, i, samples);
            assert(drawn >= (totalBytes * i) / samples && drawn < (totalBytes * (i + 1)) / samples);
        }
    }
}
