import { type Interface, type Result } from 'ethers';

import { marketInterface, registryInterface } from '../../sdk/chain/contracts.ts';
import type { Deployment } from '../../sdk/chain/deployment.ts';
import { MarketplaceError } from '../errors.ts';
import type { ContractName, EventArguments } from './chain-event.ts';
import type { ChainSource, RawLog } from './chain-source.ts';

/** What never changes after deployment and everything else is computed with. */
export interface ContractParameters {
  readonly epochSeconds: number;
  readonly minimumEdgeStakeWei: bigint;
  readonly protocolFeeBps: number;
}

export interface DecodedLog {
  readonly contract: ContractName;
  readonly name: string;
  readonly arguments: EventArguments;
}

/** @returns undefined for a log that is no event of our contracts */
export function decodeLog(deployment: Deployment, log: RawLog): DecodedLog | undefined {
  const contract = contractAt(deployment, log.address);
  if (contract === undefined) return undefined;
  const face: Interface = contract === 'registry' ? registryInterface : marketInterface;
  const parsed = face.parseLog({ topics: log.topics, data: log.data });
  if (parsed === null) return undefined;
  const decoded: Record<string, string | readonly string[]> = {};
  parsed.fragment.inputs.forEach((input, position) => {
    decoded[input.name] = plainValue(parsed.args[position]);
  });
  return { contract, name: parsed.name, arguments: decoded };
}

/** Reads the immutable parameters of both contracts. @throws MarketplaceError CHAIN_MISMATCH if they are not there */
export async function readContractParameters(
  source: ChainSource,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<ContractParameters> {
  const read = async (address: Deployment['market'], face: Interface, name: string): Promise<bigint> => {
    const data = face.encodeFunctionData(name);
    const result = await source.call(address, data as `0x${string}`, signal);
    if (result === '0x') {
      throw new MarketplaceError('CHAIN_MISMATCH', `There is no contract of bcdn at ${address}.`, {
        address,
      });
    }
    const decoded: Result = face.decodeFunctionResult(name, result);
    return BigInt(String(decoded[0]));
  };
  return {
    epochSeconds: Number(await read(deployment.market, marketInterface, 'epochSeconds')),
    minimumEdgeStakeWei: await read(deployment.registry, registryInterface, 'minimumEdgeStakeWei'),
    protocolFeeBps: Number(await read(deployment.market, marketInterface, 'protocolFeeBps')),
  };
}

function contractAt(deployment: Deployment, address: string): ContractName | undefined {
  if (address === deployment.registry) return 'registry';
  return address === deployment.market ? 'market' : undefined;
}

/** Integers as decimal text, hexadecimal in lower case, lists element by element. */
function plainValue(value: unknown): string | readonly string[] {
  if (Array.isArray(value)) return value.map((element) => String(element));
  const text = String(value);
  return text.startsWith('0x') ? text.toLowerCase() : text;
}
