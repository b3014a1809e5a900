import type { StakeDocument } from '../control/account-documents.ts';
import { formatTokens } from '../config/units.ts';
import { NodeError } from '../node-error.ts';

/**
 * How much is unbonded when so much is asked for, as the registry will see it.
 *
 * @param askedWei undefined for all that is staked
 * @throws NodeError NODE_UNREGISTERED, STAKE_LEAVING, STAKE_TOO_SMALL
 */
export function unbondableWei(stake: StakeDocument, askedWei: bigint | undefined): bigint {
  if (stake.role === null) throw unregistered(stake.operator);
  if (stake.leaving) throw leaving(stake);
  const availableWei = BigInt(stake.stakeWei) - BigInt(stake.unbondingWei);
  const wantedWei = askedWei ?? availableWei;
  if (wantedWei <= availableWei) return wantedWei;
  throw new NodeError('STAKE_TOO_SMALL', {
    message: `You asked for ${formatTokens(wantedWei)}; ${formatTokens(availableWei)} are staked and not being unbonded.`,
    remedy: 'Ask for less, or run `bcdn-node unstake` without an amount to unbond all of it.',
    values: { askedWei: wantedWei.toString(), availableWei: availableWei.toString() },
  });
}

/** The refusal to touch the stake of a node that has none. */
export function unregistered(operator: string): NodeError {
  return new NodeError('NODE_UNREGISTERED', {
    message: `${operator} is not registered, so it has no stake.`,
    remedy: 'Run `bcdn-node start`: it registers the node and locks its stake.',
    values: { operator },
  });
}

/** The refusal to touch the stake of a node that is about to leave. */
export function leaving({
  operator,
  unbondingEndsAt,
}: Pick<StakeDocument, 'operator' | 'unbondingEndsAt'>): NodeError {
  const endsAt = unbondingEndsAt ?? '';
  return new NodeError('STAKE_LEAVING', {
    message: `All stake of ${operator} is being unbonded until ${endsAt}: the node is leaving and can only withdraw.`,
    remedy:
      'After that time run `bcdn-node unstake --withdraw`; to come back, run `bcdn-node start` afterwards.',
    values: { operator, unbondingEndsAt: endsAt },
  });
}
