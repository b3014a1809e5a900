import { formatUnits } from 'ethers';

import type { NodeBill } from '../../audit/node-bill.ts';
import type { AuditReport, RejectedReceipt } from '../../audit/report.ts';

/** Receipts that do not count which the text names; --json lists more, --rejected writes all. */
const MAX_NAMED_RECEIPTS = 20;
const TOKEN_DECIMALS = 18;

/** An audit in sentences. */
export function auditText(report: AuditReport): string[] {
  const { receipts, block } = report;
  return [
    `Deal ${report.dealId} on chain ${report.chainId}, block ${block.number}; events by ${BY[report.source]}.`,
    `Receipts: ${receipts.total}, of which ${receipts.counted} count.`,
    ...(receipts.total === receipts.stated
      ? []
      : [`! When the file was downloaded it held ${receipts.stated} receipts.`]),
    ...(report.eventsDiffer ? ['! The events of the file are not those of the chain.'] : []),
    ...report.nodes.flatMap(nodeText),
    ...peersText(report),
    '',
    `Billed by nodes in all: ${tokens(report.billedWei)}; recomputed: ${tokens(report.recomputedWei)}; paid: ${tokens(report.paidWei)}.`,
    ...rejectedText(report),
    ...notAuditedText(report),
  ];
}

const BY = { marketplace: 'the marketplace', chain: 'the chain' } as const;

function nodeText(bill: NodeBill): string[] {
  const { notYetBilledWei, voucher, openClaim } = bill;
  const verdict =
    notYetBilledWei === 0n
      ? 'agrees to the last unit'
      : notYetBilledWei > 0n
        ? `${notYetBilledWei} wei not billed yet`
        : `${-notYetBilledWei} wei billed above the receipts`;
  return [
    '',
    `Node ${bill.node}, ${tokens(bill.ratePerGiB)} a GiB`,
    `  ${bill.billedBytes} bytes${bill.throughEpoch < 0 ? '' : ` up to epoch ${bill.throughEpoch}`} = ${tokens(bill.recomputedWei)}; billed ${tokens(bill.billedWei)}: ${verdict}.`,
    voucher === undefined
      ? '  No voucher.'
      : `  Voucher: ${tokens(voucher.cumulativeWei)} up to epoch ${voucher.throughEpoch}.`,
    ...bill.payments.map(
      ({ route, paidWei, transactionHash }) =>
        `  Paid by ${route}: ${tokens(paidWei)} in ${transactionHash}.`,
    ),
    ...(openClaim === undefined
      ? []
      : [
          `  Open claim up to epoch ${openClaim.toEpoch}: ${tokens(openClaim.lockedWei)} locked, not decided.`,
        ]),
    ...(bill.laterBytes === 0n
      ? []
      : [`  ${bill.laterBytes} bytes of later epochs will be on a later bill.`]),
    ...bill.differences.map(({ code, isWrong, message }) => `  ${isWrong ? '✗' : '·'} ${message} (${code})`),
  ];
}

function rejectedText({ receipts, rejected }: AuditReport): string[] {
  const codes = Object.entries(receipts.rejected);
  if (codes.length === 0) return [];
  const named = rejected.slice(0, MAX_NAMED_RECEIPTS);
  const unnamed = receipts.total - receipts.counted - named.length;
  return [
    '',
    `Receipts that do not count: ${codes.map(([code, count]) => `${count} ${code}`).join(', ')}.`,
    ...named.map(receiptText),
    ...(unnamed > 0 ? [`  … and ${unnamed} more: --json lists them, --rejected writes all.`] : []),
  ];
}

function receiptText({ position, grantHash, code, values }: RejectedReceipt): string {
  const facts = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  const why = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `  #${position} ${grantHash ?? 'unreadable'}: ${code}${why}`;
}

function peersText({ peers: bill }: AuditReport): string[] {
  if (bill === undefined) return [];
  const { fundedWei, earnedWei, postedWei, paidWei, peers, differences } = bill;
  return [
    '',
    `Peers: ${tokens(earnedWei)} earned of a pool of ${tokens(fundedWei)}; ${tokens(postedWei)} promised on chain, ${tokens(paidWei)} paid. Rates are as the marketplace states them.`,
    ...peers.map(
      ({ peer, receiptBytes, earnedWei: earned, paidWei: paid }) =>
        `  ${peer}: ${receiptBytes} bytes = ${tokens(earned)}; paid ${tokens(paid)}.`,
    ),
    ...differences.map(({ code, message }) => `  ✗ ${message} (${code})`),
  ];
}

function notAuditedText({ notAuditedEvents: events }: AuditReport): string[] {
  if (events.length === 0) return [];
  return [`Not audited: events that this version does not know: ${events.join(', ')}.`];
}

function tokens(wei: bigint): string {
  return `${formatUnits(wei, TOKEN_DECIMALS)} BCDN`;
}
