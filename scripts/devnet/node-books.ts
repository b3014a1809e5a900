import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Message } from './child-processes.ts';
import { DevnetError } from './devnet-error.ts';
import type { NetworkNode } from './network-node.ts';

/** What a node's own commands say of its money. */
export interface NodeBooks {
  readonly node: string;
  readonly operator: Address;
  readonly receiptedBytes: bigint;
  readonly meteredWei: bigint;
  readonly paidWei: bigint;
}

/** Asks `bcdn-node earnings`. @throws DevnetError PROCESS_FAILED, PROCESS_OUTPUT_INVALID */
export async function nodeBooks(node: NetworkNode): Promise<NodeBooks> {
  const earnings = await node.command('earnings');
  const total = record(earnings['total'], node);
  return {
    node: node.plan.name,
    operator: node.operator,
    receiptedBytes: integer(total, 'bytes', node),
    meteredWei: integer(total, 'meteredWei', node),
    paidWei: integer(total, 'paidWei', node),
  };
}

function record(value: unknown, node: NetworkNode): Message {
  if (typeof value === 'object' && value !== null) return value as Message;
  throw new DevnetError('PROCESS_OUTPUT_INVALID', `${node.plan.name} printed no total.`, {
    name: node.plan.name,
  });
}

function integer(from: Message, field: string, node: NetworkNode): bigint {
  const value = from[field];
  if (typeof value === 'string' && /^\d+$/.test(value)) return BigInt(value);
  throw new DevnetError('PROCESS_OUTPUT_INVALID', `${node.plan.name} did not say its ${field}.`, {
    name: node.plan.name,
    field,
  });
}
