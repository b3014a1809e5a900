import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { MinedTransaction, TransactionWait } from './wallet.ts';
import { WalletError } from './wallet-error.ts';

/** Pause between two looks for a transaction. */
const RECEIPT_POLL_MS = 500;
const HEX = /^0x[0-9a-fA-F]*$/;
const QUANTITY = /^0x[0-9a-fA-F]{1,64}$/;

/** A JSON-RPC door to the chain: a wallet's provider, or the marketplace of a development chain. */
export interface ChainAccess {
  /** @throws WalletError */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
}

/** Reads a contract. */
export async function callContract(chain: ChainAccess, request: { to: string; data: Hex }): Promise<Hex> {
  return hexOf(await chain.request('eth_call', [request, 'latest']), 'eth_call');
}

/** Ether of an account, wei. */
export async function readEther(chain: ChainAccess, address: string): Promise<bigint> {
  return quantityOf(await chain.request('eth_getBalance', [address, 'latest']), 'eth_getBalance');
}

/** Hash of the first block. @throws WalletError WALLET_ANSWER_INVALID */
export async function readGenesis(chain: ChainAccess): Promise<Hex> {
  const method = 'eth_getBlockByNumber';
  const block = await chain.request(method, ['0x0', false]);
  const fields = new Map(Object.entries(typeof block === 'object' && block !== null ? block : {}));
  return hexOf(fields.get('hash'), method);
}

/** Looks for a transaction until it is mined. @throws WalletError TRANSACTION_REVERTED; the signal's reason */
export async function waitForTransaction(
  chain: ChainAccess,
  hash: Hex,
  { signal, onProgress }: TransactionWait = {},
): Promise<MinedTransaction> {
  onProgress?.('waiting');
  for (;;) {
    signal?.throwIfAborted();
    const receipt = await chain.request('eth_getTransactionReceipt', [hash]);
    if (receipt !== null && receipt !== undefined) {
      const mined = minedOf(hash, receipt);
      onProgress?.('mined');
      return mined;
    }
    await pause(RECEIPT_POLL_MS, signal);
  }
}

function minedOf(hash: Hex, receipt: unknown): MinedTransaction {
  const fields = new Map(Object.entries(typeof receipt === 'object' && receipt !== null ? receipt : {}));
  const blockNumber = Number(quantityOf(fields.get('blockNumber'), 'eth_getTransactionReceipt'));
  if (quantityOf(fields.get('status'), 'eth_getTransactionReceipt') === 0n) {
    throw new WalletError('TRANSACTION_REVERTED', 'The contract refused the transaction.', {
      values: { hash, blockNumber },
    });
  }
  return { hash, blockNumber };
}

/** @throws WalletError WALLET_ANSWER_INVALID */
export function hexOf(answer: unknown, method: string): Hex {
  if (typeof answer === 'string' && HEX.test(answer)) return answer as Hex;
  throw answerInvalid(method);
}

/** @throws WalletError WALLET_ANSWER_INVALID */
export function quantityOf(answer: unknown, method: string): bigint {
  if (typeof answer === 'string' && QUANTITY.test(answer)) return BigInt(answer);
  throw answerInvalid(method);
}

function answerInvalid(method: string): WalletError {
  return new WalletError('WALLET_ANSWER_INVALID', 'The wallet gave an answer that is none.', {
    values: { method },
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
