import { transferTokens } from '../../sdk/chain/tokens.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import type { SettlementStep } from '../core/settlement/settlement-question.ts';
import type { ControlActions } from './control/control-server.ts';
import {
  earningsQuestion,
  withdrawQuestion,
  type SettleDocument,
  type SettlePreviewDocument,
  type StatusDocument,
  type WithdrawDocument,
} from './control/documents.ts';
import { runningEarningsDocument } from './earnings/running-earnings.ts';
import type { Foundation } from './foundation.ts';
import { NodeError } from './node-error.ts';
import type { SettlementLoop } from './settlement/settlement-loop.ts';

/** What the control door reaches. */
export interface ControlTies {
  readonly foundation: Foundation;
  status(): Promise<StatusDocument>;
  /** Undefined until the node settles, and on peers. */
  settlement(): SettlementLoop | undefined;
  readonly signal: AbortSignal;
}

const NATIVE_WEI = 10n ** 18n;

/** What a running node does for its operator's command line. */
export function controlActions(ties: ControlTies): ControlActions {
  return {
    '/status': () => ties.status(),
    '/earnings': async (body) => {
      const { by } = decode(earningsQuestion, body);
      return runningEarningsDocument(ties.foundation, by);
    },
    '/settle/preview': () => preview(ties),
    '/settle': () => settle(ties),
    '/withdraw': (body) => withdraw(ties, decode(withdrawQuestion, body)),
  };
}

async function preview(ties: ControlTies): Promise<SettlePreviewDocument> {
  const { plan, gasPriceWei } = await requireSettlement(ties).preview(true);
  const steps = plan.steps.filter((step) => step.kind !== 'wait');
  const paying = steps.filter((step) => step.dueWei > 0n);
  const dueWei = paying.reduce((sum, step) => sum + step.dueWei, 0n);
  const gas = paying.reduce((sum, step) => sum + step.gas, 0n);
  const gasCostWei = gas * gasPriceWei;
  const { gasTokenWei } = ties.foundation.config.settings;
  const gasInTokens = gasTokenWei === 0n ? undefined : (gasCostWei * gasTokenWei) / NATIVE_WEI;
  return {
    steps: steps.map(describeStep),
    dueWei: dueWei.toString(),
    gas: gas.toString(),
    gasCostWei: gasCostWei.toString(),
    gasTokenWei: gasInTokens?.toString() ?? null,
    netWei: gasInTokens === undefined ? null : (dueWei - gasInTokens).toString(),
  };
}

function describeStep(step: SettlementStep): SettlePreviewDocument['steps'][number] {
  const throughEpoch =
    step.kind === 'voucher' ? step.throughEpoch : step.kind === 'wait' ? null : step.toEpoch;
  return { dealId: step.dealId, route: step.kind, throughEpoch, dueWei: step.dueWei.toString() };
}

async function settle(ties: ControlTies): Promise<SettleDocument> {
  const report = await requireSettlement(ties).settle(true, ties.signal);
  return {
    paidWei: report.paidWei.toString(),
    gasCostWei: report.gasCostWei.toString(),
    transactions: [...report.transactions],
    waiting: report.waiting.map(({ dealId, reason, dueWei }) => ({
      dealId,
      reason,
      dueWei: dueWei.toString(),
    })),
    failures: report.failures.map(({ dealId, code, message, remedy }) => ({
      dealId,
      code,
      message,
      ...(remedy === undefined ? {} : { remedy }),
    })),
  };
}

async function withdraw(
  ties: ControlTies,
  question: { amountWei?: string | undefined; to?: string | undefined },
): Promise<WithdrawDocument> {
  const { reader, sender, node, config } = ties.foundation;
  const haveWei = await reader.tokenBalanceWei(node);
  const amountWei = question.amountWei === undefined ? haveWei : BigInt(question.amountWei);
  if (amountWei <= 0n || amountWei > haveWei) {
    throw new NodeError('NOTHING_TO_WITHDRAW', {
      message: `The operator account holds ${haveWei.toString()} wei of BCDN; ${amountWei.toString()} were asked for.`,
      remedy: 'Run `bcdn-node earnings` to see what is due, and `bcdn-node settle` to be paid.',
      values: { haveWei: haveWei.toString(), askedWei: amountWei.toString() },
    });
  }
  const to = question.to === undefined ? config.settings.payout : parseAddress(question.to);
  const { hash } = await transferTokens(sender, to, amountWei, ties.signal);
  return {
    to,
    amountWei: amountWei.toString(),
    remainingWei: (haveWei - amountWei).toString(),
    transaction: hash,
  };
}

function requireSettlement(ties: ControlTies): SettlementLoop {
  const settlement = ties.settlement();
  if (settlement !== undefined) return settlement;
  const peer = ties.foundation.config.settings.role === 'peer';
  throw new NodeError('NODE_NOT_READY', {
    message: peer
      ? 'A peer holds no allocation, so it has nothing to settle.'
      : 'The node is still starting.',
    remedy: peer ? 'Run an edge to be paid.' : 'See `bcdn-node status` for what it is waiting for.',
  });
}

function decode<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  body: unknown,
): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new NodeError('CONTROL_MALFORMED', {
    message: 'The request to the node cannot be used.',
    remedy: 'Use the command line and the node in the same version.',
  });
}
