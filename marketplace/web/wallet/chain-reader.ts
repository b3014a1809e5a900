import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import {
  callContract,
  readEther,
  readGenesis,
  waitForTransaction,
  type ChainAccess,
} from './chain-access.ts';
import type { MinedTransaction, TransactionRequest, TransactionWait, Wallet } from './wallet.ts';

/** The half of every wallet that needs no key: what it reads of the chain for its account. */
export class ChainReader implements Pick<
  Wallet,
  'address' | 'waitFor' | 'call' | 'etherWei' | 'genesisHash'
> {
  readonly address: Address;
  readonly #chain: ChainAccess;

  constructor(chain: ChainAccess, address: Address) {
    this.#chain = chain;
    this.address = address;
  }

  waitFor(hash: Hex, wait?: TransactionWait): Promise<MinedTransaction> {
    return waitForTransaction(this.#chain, hash, wait);
  }

  call(request: Omit<TransactionRequest, 'value'>): Promise<Hex> {
    return callContract(this.#chain, request);
  }

  etherWei(): Promise<bigint> {
    return readEther(this.#chain, this.address);
  }

  genesisHash(): Promise<Hex> {
    return readGenesis(this.#chain);
  }
}
