import type { Row } from '../database/database.ts';
import type { ProjectionRows } from '../database/projection-rows.ts';
import { bigintOf } from '../database/rows.ts';
import { MarketplaceError } from '../errors.ts';
import { argument, integerArgument, listArgument, type ChainEvent } from './chain-event.ts';

/** Values of `NodeRegistry.Role`, in the order of the contract. */
const ROLES = ['none', 'peer', 'edge'] as const;

/** What an event of the node registry changes in the table of nodes. */
export async function applyRegistryEvent(
  rows: ProjectionRows,
  event: ChainEvent,
  minimumEdgeStakeWei: bigint,
): Promise<void> {
  const address = argument(event, 'operator');
  const change = (columns: Row): Promise<void> => changeNode(rows, address, { columns, minimumEdgeStakeWei });
  switch (event.name) {
    case 'NodeRegistered':
      return rows.put('nodes', withActivity(registeredNode(event, address), minimumEdgeStakeWei));
    case 'NodeDeregistered':
      return rows.remove('nodes', [address]);
    case 'EndpointsUpdated':
      return change({ endpoints: JSON.stringify(listArgument(event, 'endpoints')) });
    case 'AskUpdated':
      return change({ ask_wei_per_gib: argument(event, 'askWeiPerGiB') });
    case 'StakeAdded':
      return change({ stake_wei: argument(event, 'stakeWei') });
    case 'UnstakeRequested':
      return change({
        unbonding_wei: argument(event, 'amountWei'),
        unbonding_ends_at: integerArgument(event, 'unbondingEndsAt'),
      });
    case 'StakeWithdrawn':
      return change({
        stake_wei: argument(event, 'stakeWei'),
        unbonding_wei: '0',
        unbonding_ends_at: 0,
      });
    case 'PositionDrawn':
      return change({ nid: argument(event, 'nid') });
    default:
      // PositionArmed and events of later versions change nothing that is shown.
      return;
  }
}

function registeredNode(event: ChainEvent, address: string): Row {
  const role = ROLES[integerArgument(event, 'role')];
  if (role === undefined || role === 'none') {
    throw new MarketplaceError(
      'CHAIN_RESPONSE_INVALID',
      'A node was registered with a role that does not exist.',
      {
        operator: address,
      },
    );
  }
  return {
    address,
    role,
    region: textOfBytes8(argument(event, 'region')),
    libp2p_public_key: argument(event, 'libp2pPublicKey'),
    nid: null,
    ask_wei_per_gib: argument(event, 'askWeiPerGiB'),
    stake_wei: argument(event, 'stakeWei'),
    unbonding_wei: '0',
    unbonding_ends_at: 0,
    active: 0,
    endpoints: JSON.stringify(listArgument(event, 'endpoints')),
    registered_block: event.blockNumber,
  };
}

/** The contract allows a-z, 0-9 and - only, zero padded at the end. */
function textOfBytes8(hex: string): string {
  return Buffer.from(hex.slice(2), 'hex').toString('latin1').replace(/\0+$/, '');
}

async function changeNode(
  rows: ProjectionRows,
  address: string,
  change: { columns: Row; minimumEdgeStakeWei: bigint },
): Promise<void> {
  const node = await rows.read('nodes', [address]);
  if (node === undefined) {
    throw new MarketplaceError('CHAIN_RESPONSE_INVALID', 'An event names a node that was never registered.', {
      operator: address,
    });
  }
  return rows.put('nodes', withActivity({ ...node, ...change.columns }, change.minimumEdgeStakeWei));
}

/** The rule of NodeRegistry: a leaving node is inactive; an edge needs its position and the minimum stake. */
function withActivity(node: Row, minimumEdgeStakeWei: bigint): Row {
  const stakeWei = bigintOf(node, 'stake_wei');
  const unbondingWei = bigintOf(node, 'unbonding_wei');
  const leaving = node['unbonding_ends_at'] !== 0 && unbondingWei === stakeWei;
  const inRing = node['nid'] !== null && stakeWei - unbondingWei >= minimumEdgeStakeWei;
  return { ...node, active: !leaving && (node['role'] === 'peer' || inRing) ? 1 : 0 };
}
