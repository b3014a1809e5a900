import type { SettlementPlan } from '../../core/settlement/settlement-plan.ts';
import type { SettlementStep, WaitStep } from '../../core/settlement/settlement-question.ts';
import { explainWait } from '../../core/settlement/wait-reason.ts';
import type { SettlePreviewDocument } from '../control/documents.ts';

/** What a preview is made from. */
export interface PreviewSources {
  /** What `settle` would do: the operator asks, so thresholds do not hold back. */
  readonly requested: SettlementPlan;
  /** What the node does by itself. */
  readonly automatic: SettlementPlan;
  readonly gasPriceWei: bigint;
  /** Token wei that one native coin is worth; 0 when the operator gave no rate. */
  readonly gasTokenWei: bigint;
}

type TakenStep = Exclude<SettlementStep, WaitStep>;

const NATIVE_WEI = 10n ** 18n;

/** What settling would do, by which route and for what gas, and which rule each deal waits by. Nothing is done. */
export function settlePreview(sources: PreviewSources): SettlePreviewDocument {
  const { requested, automatic, gasPriceWei, gasTokenWei } = sources;
  const steps = requested.steps.filter((step) => step.kind !== 'wait');
  const paying = steps.filter((step) => step.dueWei > 0n);
  const dueWei = paying.reduce((sum, step) => sum + step.dueWei, 0n);
  const gas = paying.reduce((sum, step) => sum + step.gas, 0n);
  const gasCostWei = gas * gasPriceWei;
  const gasInTokens = gasTokenWei === 0n ? undefined : (gasCostWei * gasTokenWei) / NATIVE_WEI;
  return {
    steps: steps.map((step) => describeStep(step, gasPriceWei)),
    waiting: waitsOf(requested),
    byItself: waitsOf(automatic),
    dueWei: dueWei.toString(),
    gas: gas.toString(),
    gasPriceWei: gasPriceWei.toString(),
    gasCostWei: gasCostWei.toString(),
    gasTokenWei: gasInTokens?.toString() ?? null,
    netWei: gasInTokens === undefined ? null : (dueWei - gasInTokens).toString(),
  };
}

function describeStep(step: TakenStep, gasPriceWei: bigint): SettlePreviewDocument['steps'][number] {
  return {
    dealId: step.dealId,
    route: step.kind,
    throughEpoch: step.kind === 'voucher' ? step.throughEpoch : step.toEpoch,
    dueWei: step.dueWei.toString(),
    // A voucher that pays nothing is asked for and not redeemed.
    gas: (step.dueWei > 0n ? step.gas : 0n).toString(),
    gasCostWei: (step.dueWei > 0n ? step.gas * gasPriceWei : 0n).toString(),
    receipts: step.kind === 'voucher' ? null : step.receipts,
    bondWei: step.kind === 'sampled-claim' ? step.bondWei.toString() : null,
  };
}

function waitsOf({ steps }: SettlementPlan): SettlePreviewDocument['waiting'] {
  return steps
    .filter((step) => step.kind === 'wait')
    .map((step) => ({
      dealId: step.dealId,
      reason: step.reason,
      dueWei: step.dueWei.toString(),
      message: explainWait(step),
    }));
}
