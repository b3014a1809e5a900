import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';

/** EIP-712 domain of a contract. */
export interface TypedDataDomain {
  readonly name: string;
  readonly version: string;
  readonly chainId: bigint;
  readonly verifyingContract: string;
}

/** EIP-712 struct types by name; the first is the one that is signed unless others name it. */
export type TypedDataTypes = Readonly<
  Record<string, readonly { readonly name: string; readonly type: string }[]>
>;

/** A call that changes the chain. */
export interface TransactionRequest {
  readonly to: string;
  readonly data: Hex;
  /** Ether, wei. @default 0 */
  readonly value?: bigint;
}

/** Where a sent transaction is. */
export type TransactionProgress = 'waiting' | 'mined';

export interface TransactionWait {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TransactionProgress) => void;
}

/** A transaction that was mined and did what it should. */
export interface MinedTransaction {
  readonly hash: Hex;
  readonly blockNumber: number;
}

/** An account that can sign, whatever holds its key. */
export interface Wallet {
  readonly address: Address;
  /** `burner`: a key in this browser, on development chains only. */
  readonly kind: 'injected' | 'burner';
  readonly chainId: bigint;
  /**
   * Signs typed data (EIP-712).
   * @throws WalletError WALLET_REJECTED, WALLET_LOCKED, WALLET_GONE, WALLET_BUSY, WALLET_FAILED
   */
  signTypedData(
    domain: TypedDataDomain,
    types: TypedDataTypes,
    value: Readonly<Record<string, unknown>>,
  ): Promise<Hex>;
  /**
   * Sends a transaction and gives its hash before it is mined.
   * @throws WalletError as for signing; TRANSACTION_REFUSED when the chain would not take it
   */
  sendTransaction(transaction: TransactionRequest): Promise<Hex>;
  /**
   * Waits until a transaction is mined.
   * @throws WalletError TRANSACTION_REVERTED; the reason of the signal if that ends first
   */
  waitFor(hash: Hex, wait?: TransactionWait): Promise<MinedTransaction>;
  /** Reads from a contract (eth_call). @throws WalletError WALLET_FAILED when the contract refuses */
  call(request: Omit<TransactionRequest, 'value'>): Promise<Hex>;
  /** Ether of the account, wei. */
  etherWei(): Promise<bigint>;
  /** Hash of the first block of the chain that it reaches: chains of development share a number. @throws WalletError */
  genesisHash(): Promise<Hex>;
}
