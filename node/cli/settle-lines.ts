import { formatTokens } from '../app/config/units.ts';
import type { SettlePreviewDocument } from '../app/control/documents.ts';
import { formatCoin } from './earnings-lines.ts';

type Step = SettlePreviewDocument['steps'][number];
type Waiting = SettlePreviewDocument['waiting'];

/** What settling would do, for people: each deal by its route, then the sums, then what waits and why. */
export function previewLines(preview: SettlePreviewDocument): string[] {
  const waiting = new Set(preview.waiting.map(({ dealId }) => dealId));
  const heldBack = preview.byItself.filter(({ dealId }) => !waiting.has(dealId));
  return [
    ...preview.steps.map(stepLine),
    `Due by the node's own receipts: ${formatTokens(BigInt(preview.dueWei))} in ${preview.steps.length} deal(s).`,
    `Gas: about ${preview.gas} units at ${preview.gasPriceWei} wei, ${formatCoin(preview.gasCostWei)}.`,
    preview.netWei === null
      ? 'Net: not known; `bcdn-node start --gas-token-wei WEI` weighs gas against tokens.'
      : `Net: ${formatTokens(BigInt(preview.netWei))}.`,
    ...waitingLines(preview.waiting),
    ...(heldBack.length === 0 ? [] : ['Without being asked the node would wait:', ...waitingLines(heldBack)]),
  ];
}

/** Each deal that waits, with its rule and what would satisfy it. */
export function waitingLines(waiting: Waiting): string[] {
  return waiting.map(({ dealId, reason, message }) => `  ${dealId} waits (${reason}): ${message}`);
}

function stepLine({ dealId, route, throughEpoch, dueWei, gas, gasCostWei, receipts, bondWei }: Step): string {
  const through = `${dealId} through epoch ${throughEpoch}`;
  if (route === 'voucher' && dueWei === '0') {
    return `${through}: asks the coordinator whether viewers left receipts there; nothing is due otherwise`;
  }
  const claimed = receipts === null ? '' : ` of ${receipts} receipts`;
  const bond = bondWei === null ? '' : `, bond ${formatTokens(BigInt(bondWei))} until it is paid`;
  return `${through}: ${formatTokens(BigInt(dueWei))} by ${route}${claimed}, about ${gas} gas for ${formatCoin(gasCostWei)}${bond}`;
}
