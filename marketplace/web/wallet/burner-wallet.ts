import type { Hex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { hexOf, quantityOf, type ChainAccess } from './chain-access.ts';
import { ChainReader } from './chain-reader.ts';
import type { TransactionRequest, TypedDataDomain, TypedDataTypes, Wallet } from './wallet.ts';
import { WalletError } from './wallet-error.ts';

/** The only chain on which a page may hold a key: its tokens are worth nothing. */
export const BURNER_CHAIN_ID = 31_337n;
const PRIVATE_KEY = /^0x[0-9a-fA-F]{64}$/;
/** Room above what the chain estimates: other transactions may be mined in between. */
const GAS_ROOM_PERCENT = 120n;
/** Twice the current fee, so that the transaction stays acceptable while the fee rises. */
const FEE_ROOM = 2n;

/** The parts of ethers that sign; a chunk of its own that only burner accounts load. */
const loadSigning = async () => {
  const [{ SigningKey }, { computeAddress, Transaction }, { TypedDataEncoder }] = await Promise.all([
    import('ethers/crypto'),
    import('ethers/transaction'),
    import('ethers/hash'),
  ]);
  return { SigningKey, computeAddress, Transaction, TypedDataEncoder };
};

/** A key from 32 random bytes. @throws WalletError BURNER_KEY_INVALID */
export function burnerKey(bytes: Uint8Array): Hex {
  return checkedKey(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

/** @throws WalletError BURNER_KEY_INVALID */
export function checkedKey(text: string): Hex {
  const key = text.trim();
  if (PRIVATE_KEY.test(key) && BigInt(key) !== 0n) return key.toLowerCase() as Hex;
  throw new WalletError('BURNER_KEY_INVALID', 'This is not a private key.', {
    values: { length: key.length },
  });
}

/** An account whose key this browser keeps. It signs without asking, so it exists on the development chain only. */
export class BurnerWallet extends ChainReader implements Wallet {
  readonly kind = 'burner';
  readonly chainId = BURNER_CHAIN_ID;
  readonly #chain: ChainAccess;
  readonly #key: Hex;
  /** Transactions are made one after the other: each needs the number after the one before. */
  #sending: Promise<unknown> = Promise.resolve();

  private constructor(chain: ChainAccess, key: Hex, address: Address) {
    super(chain, address);
    this.#chain = chain;
    this.#key = key;
  }

  /** @throws WalletError BURNER_UNAVAILABLE on any other chain */
  static async open(chain: ChainAccess, key: Hex): Promise<BurnerWallet> {
    const chainId = quantityOf(await chain.request('eth_chainId', []), 'eth_chainId');
    if (chainId !== BURNER_CHAIN_ID) {
      throw new WalletError('BURNER_UNAVAILABLE', 'This is not a development chain.', {
        values: { chainId: chainId.toString() },
      });
    }
    const { computeAddress } = await loadSigning();
    return new BurnerWallet(chain, key, parseAddress(computeAddress(key)));
  }

  async signTypedData(
    domain: TypedDataDomain,
    types: TypedDataTypes,
    value: Readonly<Record<string, unknown>>,
  ): Promise<Hex> {
    const { SigningKey, TypedDataEncoder } = await loadSigning();
    const mutable = Object.fromEntries(Object.entries(types).map(([name, members]) => [name, [...members]]));
    const digest = TypedDataEncoder.hash({ ...domain }, mutable, { ...value });
    return hexOf(new SigningKey(this.#key).sign(digest).serialized, 'signTypedData');
  }

  sendTransaction(request: TransactionRequest): Promise<Hex> {
    const sent = this.#sending.then(() => this.#send(request));
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  async #send({ to, data, value = 0n }: TransactionRequest): Promise<Hex> {
    const call = { from: this.address, to, data, value: `0x${value.toString(16)}` };
    const [nonce, gas, gasPrice] = await Promise.all([
      this.#quantity('eth_getTransactionCount', [this.address, 'pending']),
      this.#quantity('eth_estimateGas', [call]),
      this.#quantity('eth_gasPrice', []),
    ]);
    const { SigningKey, Transaction } = await loadSigning();
    const transaction = Transaction.from({
      type: 2,
      chainId: this.chainId,
      nonce: Number(nonce),
      gasLimit: (gas * GAS_ROOM_PERCENT) / 100n,
      maxFeePerGas: gasPrice * FEE_ROOM,
      maxPriorityFeePerGas: gasPrice < 1_000_000_000n ? gasPrice : 1_000_000_000n,
      ...{ to, data, value },
    });
    transaction.signature = new SigningKey(this.#key).sign(transaction.unsignedHash);
    const method = 'eth_sendRawTransaction';
    return hexOf(await this.#chain.request(method, [transaction.serialized]), method);
  }

  async #quantity(method: string, params: readonly unknown[]): Promise<bigint> {
    return quantityOf(await this.#chain.request(method, params), method);
  }
}
