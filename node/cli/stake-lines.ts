import { formatTokens } from '../app/config/units.ts';
import type { StakeDocument } from '../app/control/account-documents.ts';

const DAY_SECONDS = 86_400;

/** The stake for people: what is locked, what keeps the node on the ring, what comes back and when. */
export function stakeLines(stake: StakeDocument): string[] {
  const { role, operator, transactions } = stake;
  if (role === null) {
    return [
      ...transactions.map((hash) => `Transaction: ${hash}`),
      `${operator} is not registered and has nothing staked; the account holds ${tokens(stake.balanceWei)}.`,
    ];
  }
  const unbonding = BigInt(stake.unbondingWei);
  return [
    ...transactions.map((hash) => `Transaction: ${hash}`),
    `Stake:     ${tokens(stake.stakeWei)}, at least ${tokens(stake.minimumWei)} keeps ${role === 'edge' ? 'an edge on the ring' : 'a peer registered'}`,
    `Standing:  ${standingOf(stake)}`,
    ...(unbonding > 0n || stake.leaving ? [unbondingLine(stake)] : []),
    `Account:   ${tokens(stake.balanceWei)}`,
  ];
}

/** What unbonding so much means, before it is confirmed. */
export function unstakeWarning(stake: StakeDocument, wantedWei: bigint): string[] {
  const left = BigInt(stake.stakeWei) - BigInt(stake.unbondingWei) - wantedWei;
  const delay = `It can be withdrawn ${delayOf(stake.unbondingSeconds)} after the transaction, by \`bcdn-node unstake --withdraw\`.`;
  const restart =
    BigInt(stake.unbondingWei) > 0n
      ? [`The delay starts again for the ${tokens(stake.unbondingWei)} that are being unbonded already.`]
      : [];
  return [`${formatTokens(wantedWei)} will be unbonded. ${delay}`, ...restart, effectOf(stake, left)];
}

function effectOf({ role, minimumWei }: StakeDocument, leftWei: bigint): string {
  const leaves = leftWei === 0n;
  if (role !== 'edge')
    return leaves ? 'The node will be deregistered by the withdrawal.' : 'The node goes on.';
  if (leftWei >= BigInt(minimumWei)) return 'The edge stays on the ring.';
  const why = `${formatTokens(leftWei)} remain staked, the ring needs ${tokens(minimumWei)}`;
  const after = leaves ? ' The withdrawal deregisters it.' : '';
  return `The edge leaves the ring at once (${why}): it gets no new allocations; what is earned stays payable.${after} Run \`bcdn-node drain --wait\` first to finish what is under way.`;
}

function standingOf({ role, active, leaving }: StakeDocument): string {
  if (leaving) return 'leaving: all of it is being unbonded';
  if (role === 'peer') return 'registered as a peer, which needs no stake';
  return active ? 'on the ring' : 'not on the ring: the stake that counts is below the minimum';
}

function unbondingLine({ unbondingWei, unbondingEndsAt, withdrawable }: StakeDocument): string {
  const when = withdrawable
    ? 'can be withdrawn now → run bcdn-node unstake --withdraw'
    : `can be withdrawn from ${unbondingEndsAt ?? 'then'} on`;
  return `Unbonding: ${tokens(unbondingWei)}, ${when}`;
}

function delayOf(seconds: number): string {
  if (seconds < DAY_SECONDS) return `${seconds} s`;
  const days = Math.round((seconds / DAY_SECONDS) * 10) / 10;
  return `${days} days`;
}

function tokens(wei: string): string {
  return formatTokens(BigInt(wei));
}
