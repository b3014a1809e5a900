import { addStake, requestUnstake, withdrawStake } from '../../../sdk/chain/nodes.ts';
import type { StakeDocument } from '../control/account-documents.ts';
import { formatTokens } from '../config/units.ts';
import { NodeError } from '../node-error.ts';
import type { ChainAccount } from './chain-account.ts';
import { leaving, unbondableWei, unregistered } from './unbondable.ts';

/** How the operator's stake stands on chain. @throws ChainError CHAIN_UNREACHABLE */
export async function stakeStanding(
  { reader, node }: Pick<ChainAccount, 'reader' | 'node'>,
  transactions: readonly string[] = [],
): Promise<StakeDocument> {
  const [record, minimumWei, unbondingSeconds, balanceWei, head] = await Promise.all([
    reader.node(node),
    reader.minimumEdgeStakeWei(),
    reader.unbondingSeconds(),
    reader.tokenBalanceWei(node),
    reader.head(),
  ]);
  const { stakeWei = 0n, unbondingWei = 0n, unbondingEndsAt = 0 } = record ?? {};
  const leaving = unbondingEndsAt !== 0 && unbondingWei === stakeWei;
  return {
    operator: node,
    role: record?.role ?? null,
    active: record?.active ?? false,
    leaving,
    stakeWei: stakeWei.toString(),
    unbondingWei: unbondingWei.toString(),
    minimumWei: (record?.role === 'peer' ? 0n : minimumWei).toString(),
    balanceWei: balanceWei.toString(),
    unbondingSeconds,
    unbondingEndsAt: unbondingEndsAt === 0 ? null : new Date(unbondingEndsAt * 1_000).toISOString(),
    withdrawable: unbondingEndsAt !== 0 && (head?.timestampSeconds ?? 0) >= unbondingEndsAt,
    transactions: [...transactions],
  };
}

/** Adds to the stake. @throws NodeError NODE_UNREGISTERED, STAKE_UNFUNDED, STAKE_LEAVING; ChainError */
export async function stakeMore(
  account: ChainAccount,
  amountWei: bigint,
  signal?: AbortSignal,
): Promise<StakeDocument> {
  const { sender, node } = account;
  const standing = await stakeStanding(account);
  if (standing.role === null) throw unregistered(node);
  if (standing.leaving) throw leaving(standing);
  const haveWei = BigInt(standing.balanceWei);
  if (haveWei < amountWei) {
    throw new NodeError('STAKE_UNFUNDED', {
      message: `Staking needs ${formatTokens(amountWei)}; ${node} has ${formatTokens(haveWei)}.`,
      remedy: `Send ${formatTokens(amountWei - haveWei)} to ${node}, then run the command again.`,
      values: { operator: node, needWei: amountWei.toString(), haveWei: haveWei.toString() },
    });
  }
  const { hash } = await addStake(sender, amountWei, signal);
  return stakeStanding(account, [hash]);
}

/**
 * Begins to unbond; a second request restarts the delay of all that is being unbonded.
 *
 * @param amountWei undefined for all that is staked: the node leaves
 * @throws NodeError NODE_UNREGISTERED, STAKE_TOO_SMALL, STAKE_LEAVING; ChainError
 */
export async function unstake(
  account: ChainAccount,
  amountWei: bigint | undefined,
  signal?: AbortSignal,
): Promise<StakeDocument> {
  const wantedWei = unbondableWei(await stakeStanding(account), amountWei);
  const { hash } = await requestUnstake(account.sender, wantedWei, signal);
  return stakeStanding(account, [hash]);
}

/** Takes back what has been unbonded. @throws NodeError NODE_UNREGISTERED, STAKE_NOT_UNBONDED; ChainError */
export async function takeUnbonded(account: ChainAccount, signal?: AbortSignal): Promise<StakeDocument> {
  const { role, operator, unbondingEndsAt, withdrawable } = await stakeStanding(account);
  if (role === null) throw unregistered(operator);
  if (!withdrawable) {
    throw new NodeError('STAKE_NOT_UNBONDED', {
      message:
        unbondingEndsAt === null
          ? 'No stake is being unbonded.'
          : `The stake is being unbonded until ${unbondingEndsAt} by the chain's clock.`,
      remedy:
        unbondingEndsAt === null
          ? 'Begin with `bcdn-node unstake`.'
          : 'Run `bcdn-node unstake --withdraw` after that time.',
      values: { unbondingEndsAt: unbondingEndsAt ?? '' },
    });
  }
  const { hash } = await withdrawStake(account.sender, signal);
  return stakeStanding(account, [hash]);
}
