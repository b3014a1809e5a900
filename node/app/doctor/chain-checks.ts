import type { JsonRpcProvider } from 'ethers';
import { requireChain } from '../../../sdk/chain/provider.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import { DEVELOPMENT_CHAIN_ID } from '../../adapters/chain/chain-clock.ts';
import type { ChainReader } from '../../adapters/chain/chain-reader.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { VOUCHER_GAS } from '../../core/settlement/settlement-limits.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { formatTokens } from '../config/units.ts';
import { reportOf } from '../node-error.ts';
import { stakeStanding } from '../operator-account/stake.ts';
import { failed, fine, warning, type Finding } from './finding.ts';

/** Epochs of grants bear a skew of two seconds; what is beyond costs viewers. */
const DRIFT_WARNING_MS = 5_000;
const DRIFT_FAILED_MS = 30_000;
/** A public chain without a block for so long stands still, or its server does. */
const STALE_HEAD_MS = 300_000;
/** With less than this many settlements paid for, the operator is told. */
const FEW_SETTLEMENTS = 10n;

export interface ChainCheckParts {
  readonly config: NodeConfig;
  readonly node: Address;
  readonly provider: JsonRpcProvider;
  readonly reader: ChainReader;
  readonly clock: Clock;
  /** Deals that are settled, as far as is known. */
  readonly deals: number;
}

/** Everything that only the chain can tell; without it one finding says so. */
export async function checkChain(parts: ChainCheckParts): Promise<readonly Finding[]> {
  const { config, provider } = parts;
  const { rpcUrl } = config.settings;
  const { chainId } = config.deployment;
  try {
    await requireChain(provider, { url: rpcUrl, chainId });
    return [
      fine('chain', `${shownUrl(rpcUrl)} is chain ${chainId.toString()}`),
      await checkChainClock(parts),
      await checkGas(parts),
      await checkStake(parts),
    ];
  } catch (error) {
    const message = reportOf(error).message.replaceAll(rpcUrl, shownUrl(rpcUrl));
    return [failed('chain', message, 'bcdn-node start --rpc-url URL')];
  }
}

async function checkChainClock({ config, reader, clock }: ChainCheckParts): Promise<Finding> {
  const head = await reader.head();
  if (head === undefined) return failed('clock', 'the chain has no block', 'bcdn-node start --rpc-url URL');
  const aheadMs = head.timestampSeconds * 1_000 - clock.nowMs();
  const facts = `block ${head.block} is ${Math.abs(Math.round(aheadMs / 1_000))} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine`;
  // There time moves with each transaction and stands still without one; epochs are counted by it.
  if (config.deployment.chainId === DEVELOPMENT_CHAIN_ID)
    return fine('chain clock', `development chain; ${facts}`);
  if (aheadMs > DRIFT_FAILED_MS) {
    return failed('chain clock', `this machine's clock is slow: ${facts}`, 'timedatectl set-ntp true');
  }
  if (aheadMs > DRIFT_WARNING_MS) {
    return warning('chain clock', `this machine's clock is slow: ${facts}`, 'timedatectl set-ntp true');
  }
  if (-aheadMs > STALE_HEAD_MS) {
    return warning(
      'chain clock',
      `the chain stands still, or its server does: ${facts}`,
      'bcdn-node start --rpc-url URL',
    );
  }
  return fine('chain clock', facts);
}

async function checkGas({ reader, node, deals, config }: ChainCheckParts): Promise<Finding> {
  const [haveWei, gasPriceWei] = await Promise.all([reader.gasBalanceWei(node), reader.gasPriceWei()]);
  const needWei = VOUCHER_GAS * gasPriceWei * BigInt(Math.max(1, deals));
  const enough = needWei === 0n ? FEW_SETTLEMENTS : haveWei / needWei;
  const coin = (wei: bigint): string => formatTokens(wei).replace(' BCDN', ' coin');
  const facts = `${coin(haveWei)} in ${node}; settling ${Math.max(1, deals)} deal(s) takes about ${coin(needWei)}, so it lasts for ${enough > 999n ? 'more than 999' : enough.toString()} settlement(s)`;
  const { maxGasPriceWei } = config.settings;
  if (maxGasPriceWei !== undefined && gasPriceWei > maxGasPriceWei) {
    return warning(
      'gas',
      `gas costs ${gasPriceWei.toString()} wei, your ceiling is ${maxGasPriceWei.toString()}: nothing is settled meanwhile; ${facts}`,
      `bcdn-node start --max-gas-price-wei ${gasPriceWei.toString()}`,
    );
  }
  const send = `send the chain's coin to ${node}`;
  if (enough < 1n) return failed('gas', `you need ${coin(needWei)}, have ${coin(haveWei)}`, send);
  return enough < FEW_SETTLEMENTS ? warning('gas', facts, send) : fine('gas', facts);
}

async function checkStake({ reader, node, config }: ChainCheckParts): Promise<Finding> {
  const stake = await stakeStanding({ reader, node });
  const tokens = (wei: string): string => formatTokens(BigInt(wei));
  const { role } = config.settings;
  if (stake.role === null) {
    const needWei = role === 'edge' ? maximum(config.settings.stakeWei, BigInt(stake.minimumWei)) : 0n;
    if (BigInt(stake.balanceWei) < needWei) {
      const missing = formatTokens(needWei - BigInt(stake.balanceWei));
      return failed(
        'stake',
        `not registered: you need ${formatTokens(needWei)}, have ${tokens(stake.balanceWei)}`,
        `send ${missing} to ${node}`,
      );
    }
    return warning('stake', 'not registered yet; the account holds what the stake takes', 'bcdn-node start');
  }
  if (role === 'peer') return fine('stake', 'registered as a peer, which needs none');
  if (stake.leaving) {
    const until = stake.unbondingEndsAt ?? 'now';
    return failed(
      'stake',
      `all of it is being unbonded until ${until}: the node is leaving`,
      'bcdn-node unstake --withdraw',
    );
  }
  const counts = BigInt(stake.stakeWei) - BigInt(stake.unbondingWei);
  const missing = BigInt(stake.minimumWei) - counts;
  if (missing > 0n) {
    return failed(
      'stake',
      `you need ${tokens(stake.minimumWei)}, have ${formatTokens(counts)} staked and not being unbonded`,
      `bcdn-node stake ${formatTokens(missing).replace(' ', '')}`,
    );
  }
  if (stake.withdrawable) {
    return warning(
      'stake',
      `${tokens(stake.unbondingWei)} are unbonded and wait`,
      'bcdn-node unstake --withdraw',
    );
  }
  const unbonding =
    stake.unbondingEndsAt === null
      ? ''
      : `; ${tokens(stake.unbondingWei)} being unbonded until ${stake.unbondingEndsAt}`;
  return fine('stake', `${formatTokens(counts)} staked, ${tokens(stake.minimumWei)} needed${unbonding}`);
}

function maximum(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** A URL without what may be secret in it: user, path and query carry keys of chain services. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'the given URL' : parsed.origin;
}
