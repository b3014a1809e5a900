import type { JsonRpcProvider, TransactionReceipt } from 'ethers';

import type { Hex } from '../protocol/bytes.ts';
import { parseAddress, type Address } from '../protocol/identifiers.ts';
import { ChainError } from './chain-errors.ts';
import { highestOffer, offerOf, raisedOffer, type FeeOffer } from './fee-offer.ts';
import { decodeRevert, isConnectionFailure, toChainError } from './reverts.ts';

/** A call of a contract. */
export interface ContractCall {
  readonly to: Address;
  readonly data: string;
  /** Ether that goes with it, wei. @default none */
  readonly value?: bigint;
  /** It cannot wait: the ceiling of replacements does not hold for it, nor for what must be mined before it. @default false */
  readonly isUrgent?: boolean;
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

/** A transaction without what it offers for gas. */
export interface TransactionBody extends Pick<ContractCall, 'to' | 'data' | 'value'> {
  readonly nonce: number;
  readonly gasLimit: bigint;
}

/** A transaction as it is handed to the chain. */
export interface SignedTransaction {
  readonly raw: string;
  readonly hash: string;
  readonly body: TransactionBody;
  readonly offer: FeeOffer;
}

/** What a watch goes by, and what it can do. */
export interface WatchParts {
  readonly provider: JsonRpcProvider;
  readonly address: Address;
  readonly nowMs: () => number;
  readonly sign: (body: TransactionBody, offer: FeeOffer) => Promise<SignedTransaction>;
  /** Whether another transaction of this sender has the nonce and is looked after. */
  readonly isInFlight: (nonce: number) => boolean;
}

export interface WatchLimits {
  /** Blocks that a transaction must be deep, its own included. */
  readonly confirmations: number;
  /** Not mined for so long: it is replaced by one that offers more. */
  readonly stuckAfterMs: number;
  /** Replacements offer no more than this, wei; undefined: ten times the first offer. */
  readonly maxFeePerGasWei?: bigint | undefined;
}

/** How a look ended. `lost`: another transaction took the nonce, so that none of the versions can be mined. */
export type WatchLook =
  | { readonly kind: 'mined'; readonly transaction: MinedTransaction }
  | { readonly kind: 'pending' }
  | { readonly kind: 'lost' };

/** A transfer of nothing, gas. */
const NOTHING_GAS = 21_000n;
const ALREADY_KNOWN = /already known|known transaction|already exists|already imported/i;

/**
 * Looks after one sent transaction and its replacements until one of them is deep enough in the chain: sends again what
 * the chain forgot or a reorganisation took out, offers more when it is stuck, fills a nonce before it that the chain
 * forgot. All versions have one nonce, so at most one is mined.
 */
export class TransactionWatch {
  readonly #parts: WatchParts;
  readonly #limits: WatchLimits;
  readonly #nonce: number;
  #highestWei: bigint;
  #newest: SignedTransaction;
  #hashes: readonly string[];
  #stuckSinceMs: number;

  constructor(parts: WatchParts, limits: WatchLimits, first: SignedTransaction) {
    this.#parts = parts;
    this.#limits = limits;
    this.#newest = first;
    this.#hashes = [first.hash];
    this.#nonce = first.body.nonce;
    this.#highestWei = highestOffer(first.offer, limits.maxFeePerGasWei);
    this.#stuckSinceMs = parts.nowMs();
  }

  /** Hash of the newest version. */
  get hash(): string {
    return this.#newest.hash;
  }

  get nonce(): number {
    return this.#nonce;
  }

  /** From now on replacements offer up to ten times what the chain asks now. */
  liftCeiling(asked: FeeOffer): void {
    const highestWei = highestOffer(asked, undefined);
    if (highestWei > this.#highestWei) this.#highestWei = highestWei;
  }

  /**
   * Asks the chain once and does what is needed.
   *
   * @throws ChainError CHAIN_REVERTED when it was mined and failed, with its `hash`, `gasUsed` and `gasCostWei`;
   * connection failures as ethers gives them: the next look may go better.
   */
  async look(): Promise<WatchLook> {
    const head = this.#limits.confirmations > 1 ? await this.#parts.provider.getBlockNumber() : Infinity;
    const receipt = await this.#receipt();
    if (receipt !== undefined) {
      this.#stuckSinceMs = this.#parts.nowMs();
      if (head - receipt.blockNumber + 1 < this.#limits.confirmations) return { kind: 'pending' };
      if (receipt.status === 0) throw await this.#refusal(receipt);
      return { kind: 'mined', transaction: minedOf(receipt) };
    }
    if (await this.#isKnown()) {
      await this.#hurry();
      return { kind: 'pending' };
    }
    if (await this.#isLost()) return { kind: 'lost' };
    await this.#handIn(this.#newest);
    return { kind: 'pending' };
  }

  async #receipt(): Promise<TransactionReceipt | undefined> {
    for (const hash of this.#hashes) {
      const receipt = await this.#parts.provider.getTransactionReceipt(hash);
      if (receipt !== null) return receipt;
    }
    return undefined;
  }

  async #isKnown(): Promise<boolean> {
    for (const hash of this.#hashes) {
      if ((await this.#parts.provider.send('eth_getTransactionByHash', [hash])) !== null) return true;
    }
    return false;
  }

  /** Another transaction of the same key was mined with this nonce. */
  async #isLost(): Promise<boolean> {
    const { provider, address } = this.#parts;
    const used = await provider.getTransactionCount(address, 'latest');
    // It may have been mined since the first question.
    return used > this.#nonce && (await this.#receipt()) === undefined;
  }

  /** Does something about a transaction that is not mined for long. */
  async #hurry(): Promise<void> {
    const { provider, address, nowMs, isInFlight, sign } = this.#parts;
    if (nowMs() - this.#stuckSinceMs < this.#limits.stuckAfterMs) return;
    this.#stuckSinceMs = nowMs();
    const next = await provider.getTransactionCount(address, 'pending');
    const asked = offerOf(await provider.getFeeData());
    if (next < this.#nonce) {
      // Nothing has the nonce `next`, so nothing after it can be mined.
      const nothing = { to: address, data: '0x', nonce: next, gasLimit: NOTHING_GAS };
      if (!isInFlight(next)) await this.#handIn(await sign(nothing, asked));
      return;
    }
    const offer = raisedOffer(this.#newest.offer, asked, this.#highestWei);
    if (offer === undefined) return;
    await this.#handIn(await sign(this.#newest.body, offer));
  }

  /** Hands a transaction to the chain; when it does not take it, the next look finds why. */
  async #handIn(signed: SignedTransaction): Promise<void> {
    let taken = true;
    try {
      await this.#parts.provider.send('eth_sendRawTransaction', [signed.raw]);
    } catch (error) {
      // After a lost answer the chain may have it.
      taken = isConnectionFailure(error) || isAlreadyKnown(error);
      if (isConnectionFailure(error)) throw error;
    } finally {
      if (taken && signed.body.nonce === this.#nonce && !this.#hashes.includes(signed.hash)) {
        this.#newest = signed;
        this.#hashes = [signed.hash, ...this.#hashes];
      }
    }
  }

  /** Why a mined transaction failed: the same call at the block before says it. */
  async #refusal(receipt: TransactionReceipt): Promise<ChainError> {
    const { provider, address } = this.#parts;
    const { hash, gasUsed, gasCostWei } = minedOf(receipt);
    const { to, data } = this.#newest.body;
    const reason = await provider.call({ to, data, from: address, blockTag: receipt.blockNumber }).then(
      () => decodeRevert('0x'),
      (error: unknown) => toChainError(error, provider._getConnection().url),
    );
    if (reason.code !== 'CHAIN_REVERTED') return reason;
    const values = { ...reason.values, hash, gasUsed, gasCostWei };
    return new ChainError('CHAIN_REVERTED', reason.message, values, { cause: reason });
  }
}

/** Whether a chain node says that it has the transaction. */
export const isAlreadyKnown = (error: unknown): boolean =>
  ALREADY_KNOWN.test(error instanceof Error ? error.message : '');

function minedOf(receipt: TransactionReceipt): MinedTransaction {
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
