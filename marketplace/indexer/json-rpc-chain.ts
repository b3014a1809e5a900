import { z } from 'zod';

import type { Hex } from '../../sdk/protocol/bytes.ts';
import { describeFailure, MarketplaceError } from '../errors.ts';
import { MAX_RPC_RESPONSE_BYTES, RPC_TIMEOUT_MS } from '../limits.ts';
import type { BlockHeader, ChainSource, LogQuery, RawLog } from './chain-source.ts';

const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value));
const quantity = hex.transform((value, context) => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) context.addIssue({ code: 'custom', message: 'not a safe integer' });
  return number;
});
const headerSchema = z
  .object({ number: quantity, hash: hex, parentHash: hex, timestamp: quantity })
  .nullable()
  .transform((header): BlockHeader | undefined =>
    header === null
      ? undefined
      : {
          number: header.number,
          hash: lower(header.hash),
          parentHash: lower(header.parentHash),
          timestampSeconds: header.timestamp,
        },
  );
const logSchema = z
  .object({
    address: hex,
    topics: z.array(hex).max(4),
    data: hex,
    blockNumber: quantity,
    blockHash: hex,
    transactionHash: hex,
    logIndex: quantity,
  })
  .transform((log): RawLog => ({ ...log, address: lower(log.address), blockHash: lower(log.blockHash) }));
const responseSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

/** The chain behind an Ethereum JSON-RPC endpoint over HTTP; whatever it answers is checked before use. */
export class JsonRpcChain implements ChainSource {
  readonly #url: string;
  /** Without path and user: providers put their customers' keys there, and failures are shown to everybody. */
  readonly #shownUrl: string;
  #nextId = 1;

  constructor(url: string) {
    this.#url = url;
    this.#shownUrl = URL.canParse(url) ? new URL(url).origin : 'the given address';
  }

  async chainId(signal: AbortSignal): Promise<bigint> {
    return BigInt(await this.#request('eth_chainId', [], hex, signal));
  }

  async header(block: number | 'latest', signal: AbortSignal): Promise<BlockHeader | undefined> {
    const tag = block === 'latest' ? block : quantityOf(block);
    return this.#request('eth_getBlockByNumber', [tag, false], headerSchema, signal);
  }

  async logs(query: LogQuery, signal: AbortSignal): Promise<RawLog[]> {
    const filter = {
      address: query.addresses,
      fromBlock: quantityOf(query.fromBlock),
      toBlock: quantityOf(query.toBlock),
    };
    const logs = await this.#request('eth_getLogs', [filter], z.array(logSchema), signal);
    return logs.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
  }

  call(to: Hex, data: Hex, signal: AbortSignal): Promise<Hex> {
    return this.#request('eth_call', [{ to, data }, 'latest'], hex, signal);
  }

  async #request<S extends z.ZodTypeAny>(
    method: string,
    params: readonly unknown[],
    schema: S,
    signal: AbortSignal,
  ): Promise<z.output<S>> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: this.#nextId++, method, params });
    const text = await this.#post(body, signal);
    const response = responseSchema.safeParse(parseJson(text));
    if (!response.success) throw this.#invalid(method, 'it is not a JSON-RPC response');
    if (response.data.error !== undefined) {
      throw this.#invalid(method, `it refuses: ${response.data.error.message.slice(0, 200)}`);
    }
    const result = schema.safeParse(response.data.result);
    if (!result.success) throw this.#invalid(method, result.error.issues[0]?.message ?? 'unexpected shape');
    return result.data as z.output<S>;
  }

  async #post(body: string, signal: AbortSignal): Promise<string> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(RPC_TIMEOUT_MS)]),
      });
      return await readBounded(response);
    } catch (failure) {
      if (failure instanceof MarketplaceError) throw failure;
      throw new MarketplaceError(
        'CHAIN_UNREACHABLE',
        `The chain at ${this.#shownUrl} does not answer: ${this.#reasonOf(failure)}.`,
        { url: this.#shownUrl },
        failure,
      );
    }
  }

  #invalid(method: string, reason: string): MarketplaceError {
    return new MarketplaceError(
      'CHAIN_RESPONSE_INVALID',
      `The answer of ${this.#shownUrl} to ${method} cannot be used: ${reason}.`,
      { url: this.#shownUrl, method },
    );
  }

  /** Some failures repeat the address that they failed at. */
  #reasonOf(failure: unknown): string {
    return describeFailure(failure).replaceAll(this.#url, this.#shownUrl);
  }
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  const chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > MAX_RPC_RESPONSE_BYTES) {
      throw new MarketplaceError('CHAIN_RESPONSE_INVALID', 'The answer of the chain is too large.', {
        maxBytes: MAX_RPC_RESPONSE_BYTES,
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function quantityOf(value: number): Hex {
  return `0x${value.toString(16)}`;
}

function lower(value: Hex): Hex {
  return value.toLowerCase() as Hex;
}
