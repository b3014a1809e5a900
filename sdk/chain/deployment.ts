import { parseAddress } from '../protocol/identifiers.ts';
import type { Address } from '../protocol/identifiers.ts';
import type { Domain } from '../protocol/eip712.ts';
import { ChainError } from './chain-errors.ts';

/** Where the contracts of one network are. */
export interface Deployment {
  readonly chainId: bigint;
  readonly token: Address;
  readonly registry: Address;
  readonly market: Address;
  /** Block of the first contract; an indexer starts here. */
  readonly deployedAtBlock: number;
}

/** The EIP-712 domain of a deployment's grants, receipts and vouchers. */
export function domainOf(deployment: Deployment): Domain {
  return { chainId: deployment.chainId, verifyingContract: deployment.market };
}

/** A deployment as JSON; the chain id becomes a decimal string. */
export function encodeDeployment(deployment: Deployment): string {
  return JSON.stringify({ ...deployment, chainId: deployment.chainId.toString() });
}

/**
 * Reads a deployment written by `encodeDeployment` or by `scripts/deploy/deploy.ts`.
 *
 * @throws ChainError DEPLOYMENT_INVALID for anything else.
 */
export function decodeDeployment(text: string): Deployment {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== 'object' || json === null)
      throw new ChainError('DEPLOYMENT_INVALID', 'It is not an object.');
    const record = json as Readonly<Record<string, unknown>>;
    return {
      chainId: BigInt(textOf(record, 'chainId', /^[1-9][0-9]{0,18}$/)),
      token: parseAddress(textOf(record, 'token')),
      registry: parseAddress(textOf(record, 'registry')),
      market: parseAddress(textOf(record, 'market')),
      deployedAtBlock: blockOf(record),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ChainError(
      'DEPLOYMENT_INVALID',
      `The description of the deployment cannot be used: ${why}`,
      {},
      { cause },
    );
  }
}

function textOf(
  record: Readonly<Record<string, unknown>>,
  name: string,
  shape = /^0x[0-9a-fA-F]{40}$/,
): string {
  const value = record[name];
  if (typeof value === 'string' && shape.test(value)) return value;
  throw new ChainError('DEPLOYMENT_INVALID', `${name} is missing or malformed.`);
}

function blockOf(record: Readonly<Record<string, unknown>>): number {
  const value = record['deployedAtBlock'];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ChainError('DEPLOYMENT_INVALID', 'deployedAtBlock is missing or malformed.');
}
