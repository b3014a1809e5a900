import {
  addStake,
  drawPosition,
  registerNode,
  updateAsk,
  updateEndpoints,
  type NodeRecord,
} from '../../sdk/chain/nodes.ts';
import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import type { ChainReader } from '../adapters/chain/chain-reader.ts';
import { NodeError } from './node-error.ts';
import type { NodeLog } from './node-log.ts';

/** How the node wants to stand in the registry. */
export interface WantedRegistration {
  readonly role: 'edge' | 'peer';
  readonly libp2pPublicKey: Hex;
  readonly region: string;
  readonly askWeiPerGiB: bigint;
  /** 0 means the registry's minimum. */
  readonly stakeWei: bigint;
  readonly endpoints: readonly string[];
}

export interface RegistrationParts {
  readonly reader: ChainReader;
  readonly sender: TransactionSender;
  readonly log: NodeLog;
}

/**
 * Brings the registry in line with what this node is: registers it with its stake, draws its ring position, replaces
 * endpoints and price that changed. Nothing is sent when nothing changed.
 *
 * @returns the node as registered; undefined for a peer without gas, which works unregistered
 * @throws NodeError GAS_UNFUNDED, STAKE_UNFUNDED, SETTING_INVALID, NETWORK_KEY_TAKEN; ChainError
 */
export async function ensureRegistered(
  parts: RegistrationParts,
  wanted: WantedRegistration,
  signal: AbortSignal,
): Promise<NodeRecord | undefined> {
  const { reader, sender, log } = parts;
  const gasWei = await reader.gasBalanceWei(sender.address);
  const known = await reader.node(sender.address);
  if (gasWei === 0n && known === undefined && wanted.role === 'peer') return undefined;
  if (gasWei === 0n && !isCurrent(known, wanted)) throw gasUnfunded(sender.address);
  if (known === undefined) await register(parts, wanted, signal);
  else await update(parts, wanted, { known, signal });
  if (wanted.role === 'edge') {
    const nid = await drawPosition(sender, sender.address, signal);
    log.info({ nid }, 'Position on the ring');
  }
  return reader.node(sender.address);
}

function isCurrent(known: NodeRecord | undefined, wanted: WantedRegistration): boolean {
  return (
    known !== undefined &&
    sameList(known.endpoints, wanted.endpoints) &&
    known.askWeiPerGiB === wanted.askWeiPerGiB &&
    (known.nid !== undefined || known.role === 'peer')
  );
}

async function register(
  parts: RegistrationParts,
  wanted: WantedRegistration,
  signal: AbortSignal,
): Promise<void> {
  const stakeWei = await requireStake(parts, wanted);
  await registerNode(parts.sender, { ...wanted, stakeWei }, signal);
  parts.log.info({ operator: parts.sender.address, stakeWei: stakeWei.toString() }, 'Registered');
}

/** The stake to lock, which the operator holds. */
async function requireStake(
  { reader, sender }: RegistrationParts,
  wanted: WantedRegistration,
): Promise<bigint> {
  if (wanted.role === 'peer') return wanted.stakeWei;
  const minimumWei = await reader.minimumEdgeStakeWei();
  const stakeWei = wanted.stakeWei === 0n ? minimumWei : wanted.stakeWei;
  if (stakeWei < minimumWei) {
    throw new NodeError('SETTING_INVALID', {
      message: `--stake-wei is ${stakeWei.toString()}; an edge of this network stakes at least ${minimumWei.toString()}.`,
      remedy: 'Put the minimum, or 0 for it, as stakeWei into the configuration file.',
      values: { setting: 'stakeWei', given: stakeWei.toString(), minimumWei: minimumWei.toString() },
    });
  }
  const haveWei = await reader.tokenBalanceWei(sender.address);
  if (haveWei < stakeWei) throw stakeUnfunded(sender.address, stakeWei, haveWei);
  return stakeWei;
}

async function update(
  { reader, sender, log }: RegistrationParts,
  wanted: WantedRegistration,
  context: { known: NodeRecord; signal: AbortSignal },
): Promise<void> {
  const { known, signal } = context;
  if (known.libp2pPublicKey !== wanted.libp2pPublicKey || known.role !== wanted.role) {
    throw new NodeError('NETWORK_KEY_TAKEN', {
      message: 'This operator account is registered with another node (another network key or role).',
      remedy:
        'Use one operator account for one node: run init with another key, or restore libp2p.key from backup.',
      values: { operator: sender.address, registeredRole: known.role },
    });
  }
  if (!sameList(known.endpoints, wanted.endpoints)) {
    await updateEndpoints(sender, wanted.endpoints, signal);
    log.info({ endpoints: wanted.endpoints }, 'Endpoints updated on chain');
  }
  if (known.askWeiPerGiB !== wanted.askWeiPerGiB) await updateAsk(sender, wanted.askWeiPerGiB, signal);
  if (known.role !== 'edge' || known.active || known.positionBlock !== 0) return;
  const missingWei = (await reader.minimumEdgeStakeWei()) - known.stakeWei;
  if (missingWei <= 0n) return;
  const haveWei = await reader.tokenBalanceWei(sender.address);
  if (haveWei < missingWei) throw stakeUnfunded(sender.address, missingWei, haveWei);
  await addStake(sender, missingWei, signal);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function gasUnfunded(operator: string): NodeError {
  return new NodeError('GAS_UNFUNDED', {
    message: `The operator account ${operator} has none of the chain's coin, so it cannot pay for transactions.`,
    remedy: `Send some of the chain's coin to ${operator}; the node goes on by itself.`,
    values: { operator, haveWei: '0' },
  });
}

function stakeUnfunded(operator: string, needWei: bigint, haveWei: bigint): NodeError {
  return new NodeError('STAKE_UNFUNDED', {
    message: `The stake needs ${needWei.toString()} wei of BCDN; ${operator} has ${haveWei.toString()}.`,
    remedy: `Send ${(needWei - haveWei).toString()} wei of BCDN to ${operator}; the node goes on by itself.`,
    values: { operator, needWei: needWei.toString(), haveWei: haveWei.toString() },
  });
}
