import type { Moment, Phase } from './kill-plan.ts';

/** What a run found. The first seven figures decide. */
export interface KillReport {
  readonly kills: number;
  /** Bytes that the node had told viewers were safe. */
  readonly acknowledgedBytes: number;
  /** Bytes in the node's own books at the end; at least as many, because a kill may fall before the answer. */
  readonly recoveredBytes: number;
  /** Grants whose acknowledged receipt was not on disk after a kill. */
  readonly lostReceipts: number;
  /** Payments beyond what the receipts of their epochs are worth, and receipts that no viewer had signed. */
  readonly doubleClaims: number;
  /** What the chain has paid in the end, and what the recovered receipts are worth. */
  readonly paidWei: bigint;
  readonly expectedWei: bigint;
  readonly seed: number;
  readonly seconds: number;
  readonly grants: number;
  /** Kills by their moment, and those that hit a settlement or an open sampled claim. */
  readonly moments: Readonly<Record<Moment, number>>;
  readonly duringSettlement: number;
  readonly duringOpenClaim: number;
  /** Payments by route. */
  readonly payments: Readonly<Record<Phase, number>>;
  readonly ok: boolean;
}

/** Whether nothing was lost, nothing paid twice, and the pay is exact. */
export function isClean(
  report: Pick<KillReport, 'lostReceipts' | 'doubleClaims' | 'paidWei' | 'expectedWei'>,
): boolean {
  return report.lostReceipts === 0 && report.doubleClaims === 0 && report.paidWei === report.expectedWei;
}

/** One line of JSON; amounts of tokens as decimal strings so that no reader rounds them. */
export function reportJson(report: KillReport): string {
  return JSON.stringify(report, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/** The report for people. */
export function reportLines(report: KillReport): string[] {
  const { kills, seed, seconds, moments, payments } = report;
  return [
    `${kills} kills in ${seconds} s (--seed ${seed}): ${moments.starting} while starting, ${moments.serving} while serving, ${moments.settling} after a call to settle`,
    `  ${report.duringSettlement} hit a settlement, ${report.duringOpenClaim} an open sampled claim`,
    `Receipts of ${report.grants} grants: ${report.acknowledgedBytes} bytes acknowledged, ${report.recoveredBytes} recovered, ${report.lostReceipts} receipts lost`,
    `Payments: ${payments.voucher} by voucher, ${payments['direct-claim']} by direct claim, ${payments['sampled-claim']} by sampled claim; ${report.doubleClaims} doubled`,
    `Paid ${report.paidWei} wei, expected ${report.expectedWei} wei: ${report.ok ? 'exact' : 'NOT as it must be'}`,
  ];
}
