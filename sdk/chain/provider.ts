import { FetchRequest, JsonRpcProvider, Network } from 'ethers';

import { ChainError } from './chain-errors.ts';
import { toChainError } from './reverts.ts';

/** How long one request to the chain may take. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Which chain, and where. */
export interface ChainEndpoint {
  /** JSON-RPC over HTTP. */
  readonly url: string;
  readonly chainId: bigint;
}

/**
 * Opens a provider without contacting the chain: an unreachable chain shows at the first request. Answers are not
 * cached, so a nonce or a block number is never stale. Call `destroy()` on it in the end.
 */
export function openProvider(endpoint: ChainEndpoint): JsonRpcProvider {
  const request = new FetchRequest(endpoint.url);
  request.timeout = REQUEST_TIMEOUT_MS;
  return new JsonRpcProvider(request, Network.from(endpoint.chainId), {
    staticNetwork: true,
    batchMaxCount: 1,
    cacheTimeout: -1,
  });
}

/**
 * Asks the chain who it is.
 *
 * @throws ChainError CHAIN_UNREACHABLE, CHAIN_MISMATCH
 */
export async function requireChain(provider: JsonRpcProvider, endpoint: ChainEndpoint): Promise<void> {
  let answer: unknown;
  try {
    answer = await provider.send('eth_chainId', []);
  } catch (error) {
    throw toChainError(error, endpoint.url);
  }
  if (typeof answer !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(answer)) {
    throw new ChainError('CHAIN_ANSWER_INVALID', `What answers at ${endpoint.url} is not a chain.`, {
      url: endpoint.url,
    });
  }
  if (BigInt(answer) === endpoint.chainId) return;
  throw new ChainError(
    'CHAIN_MISMATCH',
    `The chain at ${endpoint.url} has id ${BigInt(answer).toString()}, the contracts are on ${endpoint.chainId.toString()}.`,
    { url: endpoint.url, expected: endpoint.chainId, actual: BigInt(answer) },
  );
}
