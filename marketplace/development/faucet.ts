import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import { transferTokens } from '../../sdk/chain/tokens.ts';
import { ChainError } from '../../sdk/chain/chain-errors.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import { MarketplaceError } from '../errors.ts';
import {
  FAUCET_ETHER_WEI,
  FAUCET_TOKENS_WEI,
  MAX_FAUCET_GIFTS,
  MAX_FAUCET_GIFTS_PER_ADDRESS,
} from '../limits.ts';

/** What one gift consisted of. */
export interface FaucetGift {
  readonly ethWei: bigint;
  readonly tokensWei: bigint;
  /** Of the ether, then of the tokens. */
  readonly transactionHashes: readonly string[];
}

/**
 * Gives ether and tokens of a development chain to whoever asks, so that a burner account can publish. Bounded for each
 * address and in all for the life of the process; a gift is counted before it is sent and given back if it was not.
 */
export class Faucet {
  readonly #sender: TransactionSender;
  readonly #given = new Map<Address, number>();
  #total = 0;

  constructor(sender: TransactionSender) {
    this.#sender = sender;
  }

  /** @throws MarketplaceError FAUCET_EXHAUSTED, FAUCET_FAILED */
  async give(address: Address): Promise<FaucetGift> {
    this.#reserve(address);
    try {
      const ether = await this.#sender.send({ to: address, data: '0x', value: FAUCET_ETHER_WEI });
      const tokens = await transferTokens(this.#sender, address, FAUCET_TOKENS_WEI);
      return {
        ethWei: FAUCET_ETHER_WEI,
        tokensWei: FAUCET_TOKENS_WEI,
        transactionHashes: [ether.hash, tokens.hash],
      };
    } catch (failure) {
      this.#release(address);
      if (!(failure instanceof ChainError)) throw failure;
      throw new MarketplaceError(
        'FAUCET_FAILED',
        `The faucet could not send: ${failure.message}`,
        { address, faucet: this.#sender.address, reason: failure.code },
        failure,
      );
    }
  }

  #reserve(address: Address): void {
    const given = this.#given.get(address) ?? 0;
    if (given >= MAX_FAUCET_GIFTS_PER_ADDRESS || this.#total >= MAX_FAUCET_GIFTS) {
      throw new MarketplaceError('FAUCET_EXHAUSTED', 'The faucet has given what it gives.', {
        ...{ address, given, maxPerAddress: MAX_FAUCET_GIFTS_PER_ADDRESS },
        ...{ total: this.#total, maxTotal: MAX_FAUCET_GIFTS },
      });
    }
    this.#given.set(address, given + 1);
    this.#total += 1;
  }

  #release(address: Address): void {
    this.#given.set(address, (this.#given.get(address) ?? 1) - 1);
    this.#total -= 1;
  }
}
