import { setTimeout as sleepMs } from 'node:timers/promises';

import { Transaction, type BaseWallet, type JsonRpcProvider } from 'ethers';

import { parseAddress, type Address } from '../protocol/identifiers.ts';
import { ChainError } from './chain-errors.ts';
import type { Deployment } from './deployment.ts';
import { offerOf, type FeeOffer } from './fee-offer.ts';
import { isConnectionFailure, toChainError } from './reverts.ts';
import {
  isAlreadyKnown,
  TransactionWatch,
  type ContractCall,
  type MinedTransaction,
  type SignedTransaction,
  type TransactionBody,
} from './transaction-watch.ts';

export type { ChainLog, ContractCall, MinedTransaction } from './transaction-watch.ts';

/** Limits and waits of sending. */
export interface SendingOptions {
  /** Longest wait from the first attempt to the mined transaction. @default 120_000 */
  readonly timeoutMs?: number;
  /** Wait between two questions to the chain. @default 250 */
  readonly pollIntervalMs?: number;
  /** Gas limit as a share of the estimate, percent: state may change before mining. @default 130 */
  readonly gasMarginPercent?: number;
  /** Blocks that a transaction must be deep, its own included: what a reorganisation takes out before is sent again. @default 1 */
  readonly confirmations?: number;
  /** Not mined for so long, it is replaced by one that offers at least 13 % more. @default 45_000 */
  readonly stuckAfterMs?: number;
  /**
   * Replacements offer no more than this for a unit of gas, wei of ether, unless the first offer was above it.
   * @default ten times the first offer
   */
  readonly maxFeePerGasWei?: bigint | undefined;
}

type SendingLimits = Required<Omit<SendingOptions, 'maxFeePerGasWei'>> &
  Pick<SendingOptions, 'maxFeePerGasWei'>;

/** Time, so that tests need not wait. */
export interface SendingClock {
  /** Monotonic, milliseconds. */
  nowMs(): number;
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** What a sender is made of. */
export interface SendingParts {
  readonly provider: JsonRpcProvider;
  /** The key that signs. Others may send with it, too: a nonce that they take is given up for the next one. */
  readonly wallet: BaseWallet;
  readonly deployment: Deployment;
  readonly clock?: SendingClock;
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

/**
 * Sends transactions with one key, one nonce after another, and waits until they are mined. A call keeps its nonce: after a
 * lost connection the very same bytes are sent again, and what replaces a stuck transaction has its nonce, so nothing can
 * happen twice. Only when another transaction was mined with the nonce, the call gets the next one.
 */
export class TransactionSender {
  readonly provider: JsonRpcProvider;
  readonly wallet: BaseWallet;
  readonly deployment: Deployment;
  /** The sending account. */
  readonly address: Address;
  readonly #clock: SendingClock;
  readonly #options: SendingLimits;
  readonly #inFlight = new Set<number>();
  /** Every transaction that is not decided. */
  readonly #watches = new Set<TransactionWatch>();
  /** Those of them that were not mined in their time. */
  readonly #left = new Set<TransactionWatch>();
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
      confirmations: options.confirmations ?? 1,
      stuckAfterMs: options.stuckAfterMs ?? 45_000,
      maxFeePerGasWei: options.maxFeePerGasWei,
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
    for (let attempt = 1; ; attempt++) {
      const sent = await this.#inTurn(() => this.#broadcastWithFreshNonce(call, wait));
      const watch = this.#watch(sent);
      this.#watches.add(watch);
      if (call.isUrgent === true) for (const each of this.#watches) each.liftCeiling(sent.offer);
      try {
        const mined = await this.#mined(watch, wait);
        if (mined !== undefined) return mined;
      } catch (error) {
        if (error instanceof ChainError && error.code === 'CHAIN_TIMEOUT') this.#left.add(watch);
        throw error;
      } finally {
        if (!this.#left.has(watch)) this.#forget(watch);
      }
      if (attempt >= MAX_NONCE_ATTEMPTS) throw nonceTaken(watch.nonce);
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
      this.#inFlight.add(signed.body.nonce);
      try {
        await this.#broadcast(signed, wait);
        return signed;
      } catch (error) {
        this.#inFlight.delete(signed.body.nonce);
        const isTaken = error instanceof ChainError && error.values['reason'] === NONCE_TAKEN;
        if (!isTaken || attempt >= MAX_NONCE_ATTEMPTS) throw error;
      }
    }
  }

  async #sign(call: ContractCall): Promise<SignedTransaction> {
    try {
      const from = this.address;
      const { to, data } = call;
      const transfer = call.value === undefined ? {} : { value: call.value };
      const [estimate, pending, fees] = await Promise.all([
        this.provider.estimateGas({ from, to, data, ...transfer }),
        this.provider.getTransactionCount(from, 'pending'),
        this.provider.getFeeData(),
      ]);
      const nonce = Math.max(pending, ...[...this.#inFlight].map((used) => used + 1));
      const gasLimit = (estimate * BigInt(this.#options.gasMarginPercent)) / 100n;
      return await this.#signed({ to, data, ...transfer, nonce, gasLimit }, offerOf(fees));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async #signed(body: TransactionBody, offer: FeeOffer): Promise<SignedTransaction> {
    const { chainId } = this.deployment;
    const raw = await this.wallet.signTransaction({ ...body, chainId, ...offer });
    const { hash } = Transaction.from(raw);
    if (hash === null) throw new ChainError('CHAIN_REFUSED', 'The wallet did not sign the transaction.');
    return { raw, hash, body, offer };
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
        const known = isAlreadyKnown(error);
        if (first && (known || isNonceTaken(error))) throw nonceTaken(signed.body.nonce, error);
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

  #watch(sent: SignedTransaction): TransactionWatch {
    return new TransactionWatch(
      {
        provider: this.provider,
        address: this.address,
        nowMs: () => this.#clock.nowMs(),
        sign: (body, offer) => this.#signed(body, offer),
        isInFlight: (nonce) => this.#inFlight.has(nonce),
      },
      this.#options,
      sent,
    );
  }

  /** Waits until a version is mined; undefined when another transaction took the nonce. */
  async #mined(watch: TransactionWatch, wait: Wait): Promise<MinedTransaction | undefined> {
    for (;;) {
      try {
        await this.#lookAfterLeft();
        const look = await watch.look();
        if (look.kind === 'mined') return look.transaction;
        if (look.kind === 'lost') return undefined;
      } catch (error) {
        if (!isConnectionFailure(error)) throw this.#explain(error);
      }
      await this.#pauseFor(watch.hash, wait);
    }
  }

  /** What was given up after its time still stands before what comes after it. */
  async #lookAfterLeft(): Promise<void> {
    for (const watch of this.#left) {
      try {
        if ((await watch.look()).kind === 'pending') continue;
      } catch (error) {
        if (isConnectionFailure(error)) throw error;
      }
      this.#left.delete(watch);
      this.#forget(watch);
    }
  }

  #forget(watch: TransactionWatch): void {
    this.#watches.delete(watch);
    this.#inFlight.delete(watch.nonce);
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

const nonceTaken = (nonce: number, cause?: unknown): ChainError =>
  new ChainError(
    'CHAIN_REFUSED',
    'Another program has sent a transaction with this key.',
    { reason: NONCE_TAKEN, nonce },
    { cause },
  );

/** Another transaction has the nonce, mined or waiting. */
function isNonceTaken(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('code' in error && (error.code === 'NONCE_EXPIRED' || error.code === 'REPLACEMENT_UNDERPRICED'))
    return true;
  return error instanceof Error && /nonce too low|replacement .*underpriced/i.test(error.message);
}
