import { setTimeout as sleepMs } from 'node:timers/promises';

import { Transaction, type BaseWallet, type JsonRpcProvider, type TransactionRequest } from 'ethers';

import type { Hex } from '../protocol/bytes.ts';
import { parseAddress, type Address } from '../protocol/identifiers.ts';
import { ChainError } from './chain-errors.ts';
import type { Deployment } from './deployment.ts';
import { decodeRevert, isConnectionFailure, toChainError } from './reverts.ts';

/** Limits and waits of sending. */
export interface SendingOptions {
  /** Longest wait from the first attempt to the mined transaction. @default 120_000 */
  readonly timeoutMs?: number;
  /** Wait between two questions to the chain. @default 250 */
  readonly pollIntervalMs?: number;
  /** Gas limit as a share of the estimate, percent: state may change before mining. @default 130 */
  readonly gasMarginPercent?: number;
}

/** Time, so that tests need not wait. */
export interface SendingClock {
  /** Monotonic, milliseconds. */
  nowMs(): number;
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** What a sender is made of. */
export interface SendingParts {
  readonly provider: JsonRpcProvider;
  /** The key that signs; nobody else may send with it meanwhile. */
  readonly wallet: BaseWallet;
  readonly deployment: Deployment;
  readonly clock?: SendingClock;
}

/** A call of a contract. */
export interface ContractCall {
  readonly to: Address;
  readonly data: string;
}

/** An event as the chain logged it. */
export interface ChainLog {
  readonly address: Address;
  readonly topics: readonly string[];
  readonly data: string;
}

/** A transaction that was mined and succeeded. */
export interface MinedTransaction {
  readonly hash: Hex;
  readonly blockNumber: number;
  readonly gasUsed: bigint;
  /** What the gas cost, wei of ether. */
  readonly gasCostWei: bigint;
  readonly logs: readonly ChainLog[];
}

interface SignedTransaction {
  readonly raw: string;
  readonly hash: string;
  readonly nonce: number;
  readonly request: TransactionRequest;
}

interface Wait {
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

const systemClock: SendingClock = {
  nowMs: () => performance.now(),
  sleep: async (durationMs, signal) => {
    await sleepMs(durationMs, undefined, signal === undefined ? {} : { signal });
  },
};

const NONCE_TAKEN = 'nonce taken';
/** Attempts with a fresh nonce when another program used the key in between. */
const MAX_NONCE_ATTEMPTS = 3;
const ALREADY_KNOWN = /already known|known transaction|already exists|already imported/i;

/**
 * Sends transactions with one key, one nonce after another, and waits until they are mined. A transaction is signed
 * once: after a lost connection the very same bytes are sent again, so nothing can happen twice.
 */
export class TransactionSender {
  readonly provider: JsonRpcProvider;
  readonly wallet: BaseWallet;
  readonly deployment: Deployment;
  /** The sending account. */
  readonly address: Address;
  readonly #clock: SendingClock;
  readonly #options: Required<SendingOptions>;
  readonly #inFlight = new Set<number>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: SendingParts, options: SendingOptions = {}) {
    this.provider = parts.provider;
    this.wallet = parts.wallet;
    this.deployment = parts.deployment;
    this.address = parseAddress(parts.wallet.address);
    this.#clock = parts.clock ?? systemClock;
    this.#options = {
      timeoutMs: options.timeoutMs ?? 120_000,
      pollIntervalMs: options.pollIntervalMs ?? 250,
      gasMarginPercent: options.gasMarginPercent ?? 130,
    };
  }

  /**
   * Sends one call and waits until it is mined.
   *
   * @throws ChainError CHAIN_REVERTED, CHAIN_GAS_UNPAYABLE, CHAIN_REFUSED, CHAIN_UNREACHABLE (nothing was sent),
   * CHAIN_TIMEOUT or CHAIN_ABORTED (with `hash`: it was sent and may still be mined).
   */
  async send(call: ContractCall, signal?: AbortSignal): Promise<MinedTransaction> {
    const wait: Wait = { deadlineMs: this.#clock.nowMs() + this.#options.timeoutMs, signal };
    const sent = await this.#inTurn(() => this.#broadcastWithFreshNonce(call, wait));
    try {
      return await this.#mined(sent, wait);
    } finally {
      this.#inFlight.delete(sent.nonce);
    }
  }

  /** Waits on the sender's clock. @throws ChainError CHAIN_ABORTED */
  async pause(durationMs: number, signal?: AbortSignal): Promise<void> {
    this.#requireNotAborted(signal);
    try {
      await this.#clock.sleep(durationMs, signal);
    } catch (error) {
      this.#requireNotAborted(signal);
      throw error;
    }
  }

  /** Runs `work` after all work before it, so that nonces follow one another. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #broadcastWithFreshNonce(call: ContractCall, wait: Wait): Promise<SignedTransaction> {
    for (let attempt = 1; ; attempt++) {
      this.#requireNotAborted(wait.signal);
      const signed = await this.#sign(call);
      this.#inFlight.add(signed.nonce);
      try {
        await this.#broadcast(signed, wait);
        return signed;
      } catch (error) {
        this.#inFlight.delete(signed.nonce);
        const nonceTaken = error instanceof ChainError && error.values['reason'] === NONCE_TAKEN;
        if (!nonceTaken || attempt >= MAX_NONCE_ATTEMPTS) throw error;
      }
    }
  }

  async #sign(call: ContractCall): Promise<SignedTransaction> {
    try {
      const from = this.address;
      const [estimate, pending, fees] = await Promise.all([
        this.provider.estimateGas({ from, to: call.to, data: call.data }),
        this.provider.getTransactionCount(from, 'pending'),
        this.provider.getFeeData(),
      ]);
      const nonce = Math.max(pending, ...[...this.#inFlight].map((used) => used + 1));
      const price =
        fees.maxFeePerGas !== null && fees.maxPriorityFeePerGas !== null
          ? { type: 2, maxFeePerGas: fees.maxFeePerGas, maxPriorityFeePerGas: fees.maxPriorityFeePerGas }
          : { type: 0, gasPrice: fees.gasPrice ?? 0n };
      const request: TransactionRequest = {
        to: call.to,
        data: call.data,
        chainId: this.deployment.chainId,
        nonce,
        gasLimit: (estimate * BigInt(this.#options.gasMarginPercent)) / 100n,
        ...price,
      };
      const raw = await this.wallet.signTransaction(request);
      const hash = Transaction.from(raw).hash;
      if (hash === null) throw new ChainError('CHAIN_REFUSED', 'The wallet did not sign the transaction.');
      return { raw, hash, nonce, request };
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Hands the transaction to the chain; repeats the same bytes while the connection fails. */
  async #broadcast(signed: SignedTransaction, wait: Wait): Promise<void> {
    for (let first = true; ; first = false) {
      try {
        await this.provider.send('eth_sendRawTransaction', [signed.raw]);
        return;
      } catch (error) {
        if (isConnectionFailure(error)) {
          await this.#pauseFor(signed.hash, wait);
          continue;
        }
        const known = ALREADY_KNOWN.test(error instanceof Error ? error.message : '');
        if (first && (known || isNonceTaken(error))) {
          throw new ChainError(
            'CHAIN_REFUSED',
            'Another program has sent a transaction with this key.',
            { reason: NONCE_TAKEN, nonce: signed.nonce },
            { cause: error },
          );
        }
        // After a lost answer the chain may hold the transaction already; and a chain that mines at once reports a
        // revert as a failure to send.
        if (known || (await this.#isKnown(signed.hash))) return;
        throw this.#explain(error);
      }
    }
  }

  async #isKnown(hash: string): Promise<boolean> {
    try {
      return (await this.provider.send('eth_getTransactionByHash', [hash])) !== null;
    } catch (error) {
      if (isConnectionFailure(error)) return false;
      throw this.#explain(error);
    }
  }

  async #mined(signed: SignedTransaction, wait: Wait): Promise<MinedTransaction> {
    for (;;) {
      try {
        const receipt = await this.provider.getTransactionReceipt(signed.hash);
        if (receipt !== null) {
          if (receipt.status === 0) throw await this.#refusal(signed, receipt.blockNumber);
          return {
            hash: receipt.hash as Hex,
            blockNumber: receipt.blockNumber,
            gasUsed: receipt.gasUsed,
            gasCostWei: receipt.gasUsed * receipt.gasPrice,
            logs: receipt.logs.map(({ address, topics, data }) => ({
              address: parseAddress(address),
              topics,
              data,
            })),
          };
        }
        // A chain node that was restarted has forgotten what was not mined: the same bytes again do no harm.
        if (!(await this.#isKnown(signed.hash))) await this.#broadcast(signed, wait);
      } catch (error) {
        if (!isConnectionFailure(error)) throw this.#explain(error);
      }
      await this.#pauseFor(signed.hash, wait);
    }
  }

  /** Why a mined transaction failed: the same call at the block before says it. */
  async #refusal(signed: SignedTransaction, blockNumber: number): Promise<ChainError> {
    try {
      await this.provider.call({ ...signed.request, from: this.address, blockTag: blockNumber });
    } catch (error) {
      return this.#explain(error);
    }
    return decodeRevert('0x');
  }

  /** Waits between two questions about a transaction that was sent. */
  async #pauseFor(hash: string, wait: Wait): Promise<void> {
    if (this.#clock.nowMs() >= wait.deadlineMs) {
      throw new ChainError(
        'CHAIN_TIMEOUT',
        `Transaction ${hash} was sent, but the chain did not confirm it in ${this.#options.timeoutMs / 1000} s.`,
        { hash, timeoutMs: this.#options.timeoutMs },
      );
    }
    this.#requireNotAborted(wait.signal, hash);
    try {
      await this.#clock.sleep(this.#options.pollIntervalMs, wait.signal);
    } catch (error) {
      this.#requireNotAborted(wait.signal, hash);
      throw error;
    }
  }

  #requireNotAborted(signal: AbortSignal | undefined, hash?: string): void {
    if (signal?.aborted !== true) return;
    const values = hash === undefined ? {} : { hash };
    throw new ChainError('CHAIN_ABORTED', 'The caller stopped waiting for the chain.', values, {
      cause: signal.reason,
    });
  }

  #explain(error: unknown): ChainError {
    return toChainError(error, this.provider._getConnection().url);
  }
}

function isNonceTaken(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('code' in error && error.code === 'NONCE_EXPIRED') return true;
  return error instanceof Error && /nonce too low/i.test(error.message);
}
