import { Result, type Interface, type LogDescription } from 'ethers';

import { claimsInterface, marketInterface, registryInterface } from '../../sdk/chain/contracts.ts';
import type { Deployment } from '../../sdk/chain/deployment.ts';
import { storedTexts } from '../../sdk/chain/stored-texts.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
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
  const parsed = parse(
    contract === 'registry' ? [registryInterface] : [marketInterface, claimsInterface],
    log,
  );
  if (parsed === undefined) return undefined;
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
  const { registry, market } = deployment;
  const terms = await readView(source, { address: market, face: marketInterface, name: 'terms' }, signal);
  const [minimumStake] = await readView(
    source,
    { address: registry, face: registryInterface, name: 'minimumEdgeStakeWei' },
    signal,
  );
  if (String(terms.getValue('registry')).toLowerCase() !== registry) {
    throw new MarketplaceError('CHAIN_MISMATCH', 'The market of the deployment uses another registry.', {
      market,
      registry,
    });
  }
  return {
    epochSeconds: Number(terms.getValue('epochSeconds')),
    minimumEdgeStakeWei: BigInt(String(minimumStake)),
    protocolFeeBps: Number(terms.getValue('protocolFeeBps')),
  };
}

/** Members of what a view without arguments returns; those of the struct if it returns one. */
async function readView(
  source: ChainSource,
  view: { address: Hex; face: Interface; name: string },
  signal: AbortSignal,
): Promise<Result> {
  const data = view.face.encodeFunctionData(view.name) as Hex;
  const result = await source.call(view.address, data, signal);
  if (result === '0x') {
    throw new MarketplaceError('CHAIN_MISMATCH', `There is no contract of bcdn at ${view.address}.`, {
      address: view.address,
    });
  }
  const decoded = view.face.decodeFunctionResult(view.name, result);
  const first: unknown = decoded[0];
  return first instanceof Result ? first : decoded;
}

/** Claims and peer pools are code of their own, but log at the address of the market. */
function parse(faces: readonly Interface[], { topics, data }: RawLog): LogDescription | undefined {
  for (const face of faces) {
    const parsed = face.parseLog({ topics, data });
    if (parsed !== null) return parsed;
  }
  return undefined;
}

function contractAt(deployment: Deployment, address: string): ContractName | undefined {
  if (address === deployment.registry) return 'registry';
  return address === deployment.market ? 'market' : undefined;
}

/** Integers as decimal text, hexadecimal in lower case, lists element by element. */
function plainValue(value: unknown): string | readonly string[] {
  if (Array.isArray(value)) return storedTexts(value);
  const text = String(value);
  return text.startsWith('0x') ? text.toLowerCase() : text;
}
