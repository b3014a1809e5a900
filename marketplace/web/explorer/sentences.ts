import {
  amountText,
  byteText,
  countedText,
  exactAmountText,
  shortIdentifier,
} from '../../../sdk/ui/figures.ts';
import { dealSums } from '../market-data/deal-sums.ts';
import type { DealWithAllocations } from '../market-data/deals.ts';
import type { Earnings } from '../market-data/earnings.ts';
import { LOSS_RULE } from '../market-data/loss-rule.ts';
import type { MarketNode } from '../market-data/nodes.ts';

const HEALTH_WORDS = {
  up: 'It answered when it was last asked.',
  down: 'It did not answer when it was last asked, so viewers are sent elsewhere.',
  unknown: 'It has not been asked yet whether it is ready.',
} as const;

/** What a node is, as people would say it. */
export function nodeStory(node: MarketNode): readonly string[] {
  const kind = node.role === 'edge' ? 'Edge' : 'Peer';
  const stake = node.stakeWei === 0n ? 'has staked nothing' : `has staked ${amountText(node.stakeWei)}`;
  const first = `${kind} ${shortIdentifier(node.address)} in ${node.region} asks ${amountText(node.askWeiPerGiB)} for each GiB it delivers and ${stake}.`;
  const standing = node.active
    ? HEALTH_WORDS[node.health]
    : 'It takes no new deals: it is not staked, has no place on the ring yet, or is leaving.';
  const unbonding =
    node.unbondingWei > 0n ? [`It is taking back ${amountText(node.unbondingWei)} of its stake.`] : [];
  return [first, standing, ...unbonding];
}

/** What a node has earned, in one sentence that adds up. */
export function earningsStory({ total, dealCount }: Earnings): string {
  if (dealCount === 0) return 'No deal has allocated anything to it yet.';
  const { meteredWei, settledWei, paidWei, feeWei, lostWei } = total;
  const open = meteredWei - paidWei - lostWei;
  const lost = lostWei > 0n ? `; ${amountText(lostWei)} is lost, because ${LOSS_RULE}` : '';
  const rest = (open > 0n ? `; ${amountText(open)} is still on its way` : '') + lost;
  const fee = feeWei > 0n ? ` (of which ${amountText(feeWei)} went to the protocol)` : '';
  return `In ${countedText(dealCount, 'deal')} it has metered ${amountText(meteredWei)}, settled ${amountText(settledWei)} and been paid ${amountText(paidWei)}${fee}${rest}.`;
}

const STATE_WORDS = {
  open: 'is open: nodes are paid for what they deliver',
  closing: 'is closing: what is allocated thaws, and receipts are still paid meanwhile',
  closed: 'is closed',
} as const;

/** What a deal is and where its money is. */
export function dealStory(deal: DealWithAllocations): readonly string[] {
  const active = deal.allocations.filter(({ state }) => state === 'active').length;
  const sums = dealSums(deal);
  const who = `Publisher ${shortIdentifier(deal.publisher)} has put ${amountText(deal.depositedWei)} into this deal, which ${STATE_WORDS[deal.state]}.`;
  const nodes =
    active === 0
      ? 'No node is allocated anything now.'
      : `${countedText(active, 'node is', 'nodes are')} allocated to deliver its content.`;
  const money = `Of the deposit ${amountText(sums.paidWei)} was paid, ${amountText(sums.heldForNodesWei + sums.heldForPeersWei)} is held for deliveries, ${amountText(sums.freeWei)} is free and ${amountText(sums.withdrawnWei)} went back.`;
  const audience = deal.audienceKey === null ? [] : ['Only viewers whom its publisher admits are served.'];
  return [who, nodes, money, ...audience];
}

/** What a batch of receipts says. */
export function batchStory(batch: {
  readonly node: string;
  readonly epoch: number;
  readonly receipts: number;
  readonly bytes: bigint;
  readonly wei: bigint;
}): string {
  return `In epoch ${batch.epoch} viewers signed ${countedText(batch.receipts, 'receipt')} for ${byteText(batch.bytes)} that node ${shortIdentifier(batch.node)} delivered, worth ${exactAmountText(batch.wei)}.`;
}

const PAYMENT_WORDS: Readonly<Record<string, string>> = {
  VoucherRedeemed: 'by a voucher',
  DirectClaimed: 'by its receipts',
  ClaimPaid: 'by a sample of its receipts',
};

/** By what a node was paid, as the end of a sentence. @param route name of the event that says so */
export function paymentText(route: string): string {
  return PAYMENT_WORDS[route] ?? `(${eventText(route)})`;
}

const EVENT_WORDS: Readonly<Record<string, string>> = {
  DealOpened: 'A deal was opened',
  ToppedUp: 'Tokens were put into a deal',
  Allocated: 'Tokens were allocated to a node',
  ThawStarted: 'An allocation began to thaw',
  Released: 'An allocation returned to its deal',
  DealClosing: 'A deal began to close',
  DealClosed: 'A deal was closed',
  Withdrawn: 'Tokens went back to a publisher',
  KeysRotated: 'A deal got new keys',
  VoucherRedeemed: 'A node was paid by a voucher',
  DirectClaimed: 'A node was paid by its receipts',
  FeesCollected: 'The protocol collected its fee',
  NodeRegistered: 'A node registered',
  NodeDeregistered: 'A node left',
  EndpointsUpdated: 'A node changed where it listens',
  AskUpdated: 'A node changed its price',
  StakeAdded: 'A node added stake',
  UnstakeRequested: 'A node began to take back stake',
  StakeWithdrawn: 'A node took back stake',
  PositionArmed: 'A node may soon draw its place on the ring',
  PositionDrawn: 'A node drew its place on the ring',
  PeerPoolFunded: 'Tokens were put aside for peers',
  PeerRootPosted: 'The earnings of peers were posted',
  PeerPaid: 'A peer was paid',
  PeerPoolThawing: 'What is left for peers began to thaw',
  PeerPoolReleased: 'What was left for peers returned to its deal',
  ClaimCommitted: 'A node committed to receipts of which a sample is drawn',
  ClaimPaid: 'A node was paid by a sample of its receipts',
  ClaimVoided: 'A claim was void',
};

/** An event of the contracts in words; one that these pages do not know is taken apart at its capitals. */
export function eventText(name: string): string {
  const words = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return EVENT_WORDS[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}
