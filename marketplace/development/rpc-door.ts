import { z } from 'zod';

import { describeFailure, MarketplaceError } from '../errors.ts';
import { MAX_DEVELOPMENT_RPC_BATCH, MAX_DEVELOPMENT_RPC_RESPONSE_BYTES, RPC_TIMEOUT_MS } from '../limits.ts';

/** Reads, and transactions that their senders have signed; nothing that moves the chain or uses accounts of its node. */
export const ALLOWED_RPC_METHODS: ReadonlySet<string> = new Set([
  'eth_blockNumber',
  'eth_call',
  'eth_chainId',
  'eth_estimateGas',
  'eth_feeHistory',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getCode',
  'eth_getLogs',
  'eth_getStorageAt',
  'eth_getTransactionByHash',
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_maxPriorityFeePerGas',
  'eth_sendRawTransaction',
  'eth_syncing',
  'net_version',
  'web3_clientVersion',
]);

/** Error codes of JSON-RPC 2.0, section 5.1. */
const INVALID_REQUEST = -32_600;
const METHOD_NOT_FOUND = -32_601;

/** Objects in lists in objects; calls and log filters have four. */
const MAX_PARAMETER_DEPTH = 16;

const requestId = z.union([z.string().max(64), z.number(), z.null()]);
const callSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: requestId,
  method: z.string().max(64),
  params: z.union([z.array(z.unknown()).max(8), z.record(z.unknown())]).optional(),
});
const answerSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: requestId,
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});

type RpcAnswer = z.output<typeof answerSchema>;

/**
 * Lets a page of a development network reach the chain behind the marketplace's own address, by JSON-RPC 2.0 and for a
 * list of methods only. Pages then need no other address and the chain needs no CORS.
 */
export class RpcDoor {
  readonly #url: string;

  /** @param url of the chain's JSON-RPC endpoint */
  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Passes one call or a batch on; a method that is not allowed is answered with JSON-RPC's "method not found".
   * @throws MarketplaceError INVALID_REQUEST, CHAIN_UNREACHABLE, CHAIN_RESPONSE_INVALID
   */
  async pass(body: unknown): Promise<RpcAnswer | RpcAnswer[]> {
    if (!Array.isArray(body)) return this.#one(body);
    if (body.length === 0 || body.length > MAX_DEVELOPMENT_RPC_BATCH) {
      throw new MarketplaceError('INVALID_REQUEST', 'A batch has from one call to its limit.', {
        calls: body.length,
        maxCalls: MAX_DEVELOPMENT_RPC_BATCH,
      });
    }
    return Promise.all(body.map((call) => this.#one(call)));
  }

  async #one(body: unknown): Promise<RpcAnswer> {
    const call = callSchema.safeParse(body);
    if (!call.success) return refusal(null, INVALID_REQUEST, 'This is no JSON-RPC 2.0 call.');
    if (!isShallow(call.data.params, MAX_PARAMETER_DEPTH))
      return refusal(call.data.id, INVALID_REQUEST, 'The parameters are nested too deep.');
    const { id, method, params } = call.data;
    if (!ALLOWED_RPC_METHODS.has(method)) {
      return refusal(id, METHOD_NOT_FOUND, `${method} is not passed on by this marketplace.`);
    }
    return { ...(await this.#ask({ method, params: params ?? [] })), id };
  }

  async #ask(call: { method: string; params: unknown }): Promise<RpcAnswer> {
    const answer = answerSchema.safeParse(
      await this.#post(JSON.stringify({ jsonrpc: '2.0', id: 1, ...call })),
    );
    if (answer.success) return answer.data;
    throw new MarketplaceError('CHAIN_RESPONSE_INVALID', 'The chain did not answer with JSON-RPC 2.0.', {
      method: call.method,
    });
  }

  async #post(body: string): Promise<unknown> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(RPC_TIMEOUT_MS),
      });
      const declared = Number(response.headers.get('content-length') ?? 0);
      const text = declared > MAX_DEVELOPMENT_RPC_RESPONSE_BYTES ? '' : await response.text();
      if (text.length > 0 && text.length <= MAX_DEVELOPMENT_RPC_RESPONSE_BYTES) return JSON.parse(text);
    } catch (failure) {
      throw new MarketplaceError(
        'CHAIN_UNREACHABLE',
        `The chain does not answer: ${describeFailure(failure)}.`,
        {},
        failure,
      );
    }
    throw new MarketplaceError('CHAIN_RESPONSE_INVALID', 'The answer of the chain is too large.', {
      maxBytes: MAX_DEVELOPMENT_RPC_RESPONSE_BYTES,
    });
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}

function refusal(id: RpcAnswer['id'], code: number, message: string): RpcAnswer {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
