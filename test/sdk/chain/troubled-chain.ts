import { JsonRpcProvider, Network, Transaction } from 'ethers';

const CHAIN_ID = 31_337n;
const GWEI = 10n ** 9n;

interface Block {
  readonly transactions: readonly Transaction[];
}

/** What may befall a chain between two looks. */
export type Trouble =
  | { readonly kind: 'mine'; readonly blocks: number }
  | { readonly kind: 'forget' }
  | { readonly kind: 'reorganise'; readonly depth: number }
  | { readonly kind: 'foreign'; readonly transaction: Transaction }
  | { readonly kind: 'price'; readonly gwei: bigint }
  | { readonly kind: 'lose requests'; readonly count: number }
  | { readonly kind: 'lose answers'; readonly count: number };

/** A chain in memory that forgets, forks and goes away as it is told, behind the JSON-RPC that a sender speaks. */
export class TroubledChain extends JsonRpcProvider {
  #blocks: Block[] = [];
  #pool = new Map<string, Transaction>();
  #priceWei = GWEI;
  #lostRequests = 0;
  #lostAnswers = 0;

  constructor() {
    super('http://127.0.0.1:1', Network.from(CHAIN_ID), { staticNetwork: true, cacheTimeout: -1 });
  }

  /** Transactions of the chain as it is now. */
  get mined(): Transaction[] {
    return this.#blocks.flatMap(({ transactions }) => transactions);
  }

  befall(trouble: Trouble): void {
    switch (trouble.kind) {
      case 'mine':
        for (let block = 0; block < trouble.blocks; block++) this.#mine();
        break;
      case 'forget':
        this.#pool.clear();
        break;
      case 'reorganise':
        this.#reorganise(trouble.depth);
        break;
      case 'foreign':
        this.#take(trouble.transaction);
        break;
      case 'price':
        this.#priceWei = trouble.gwei * GWEI;
        break;
      case 'lose requests':
        this.#lostRequests = trouble.count;
        break;
      case 'lose answers':
        this.#lostAnswers = trouble.count;
    }
  }

  override send(method: string, params: unknown[]): Promise<unknown> {
    if (this.#lostRequests > 0) {
      this.#lostRequests -= 1;
      return Promise.reject(new ConnectionLost());
    }
    let answer: Promise<unknown>;
    try {
      answer = Promise.resolve(this.#answer(method, params));
    } catch (error) {
      answer = Promise.reject(error instanceof Error ? error : new TypeError(String(error)));
    }
    if (this.#lostAnswers === 0) return answer;
    this.#lostAnswers -= 1;
    return answer.then(
      () => Promise.reject(new ConnectionLost()),
      () => Promise.reject(new ConnectionLost()),
    );
  }

  #answer(method: string, [first, second]: unknown[]): unknown {
    switch (method) {
      case 'eth_sendRawTransaction':
        return this.#take(Transaction.from(String(first)));
      case 'eth_getTransactionByHash':
        return this.#find(String(first)) === undefined ? null : {};
      case 'eth_getTransactionReceipt':
        return this.#receipt(String(first));
      case 'eth_getTransactionCount':
        return hex(this.#count(second === 'pending'));
      case 'eth_blockNumber':
        return hex(this.#blocks.length);
      case 'eth_estimateGas':
        return hex(50_000);
      case 'eth_gasPrice':
      case 'eth_maxPriorityFeePerGas':
        return hex(this.#priceWei);
      case 'eth_getBlockByNumber':
        return this.#head();
      default:
        throw new TypeError(`the troubled chain does not know ${method}`);
    }
  }

  #head(): unknown {
    const zero = `0x${'00'.repeat(32)}`;
    const fixed = {
      hash: zero,
      parentHash: zero,
      timestamp: '0x1',
      nonce: '0x0000000000000000',
      extraData: '0x',
    };
    const gas = {
      difficulty: '0x0',
      gasLimit: hex(30_000_000),
      gasUsed: '0x0',
      baseFeePerGas: hex(this.#priceWei),
    };
    const miner = `0x${'00'.repeat(20)}`;
    return { ...fixed, ...gas, miner, number: hex(this.#blocks.length), transactions: [] };
  }

  #count(withPool: boolean): number {
    let count = this.mined.length;
    if (withPool) while ([...this.#pool.values()].some(({ nonce }) => nonce === count)) count += 1;
    return count;
  }

  #take(transaction: Transaction): string {
    const hash = transaction.hash ?? '';
    if (this.#find(hash) !== undefined) throw new TypeError('already known');
    if (transaction.nonce < this.mined.length) throw new TypeError('nonce too low');
    const rival = [...this.#pool.values()].find(({ nonce }) => nonce === transaction.nonce);
    if (rival !== undefined) {
      if (priceOf(transaction) * 8n < priceOf(rival) * 9n) throw new TypeError('replacement underpriced');
      this.#pool.delete(rival.hash ?? '');
    }
    this.#pool.set(hash, transaction);
    return hash;
  }

  /** One block takes what follows in order and pays the price. */
  #mine(): void {
    const transactions: Transaction[] = [];
    for (;;) {
      const nonce = this.mined.length + transactions.length;
      const next = [...this.#pool.values()].find((each) => each.nonce === nonce);
      if (next === undefined || priceOf(next) < this.#priceWei) break;
      this.#pool.delete(next.hash ?? '');
      transactions.push(next);
    }
    this.#blocks.push({ transactions });
  }

  /** The last blocks vanish; what they held is in the pool again unless something has its nonce there. */
  #reorganise(depth: number): void {
    const gone = this.#blocks.splice(Math.max(0, this.#blocks.length - depth));
    for (const transaction of gone.flatMap(({ transactions }) => transactions)) {
      const taken = [...this.#pool.values()].some(({ nonce }) => nonce === transaction.nonce);
      if (!taken) this.#pool.set(transaction.hash ?? '', transaction);
    }
  }

  #find(hash: string): Transaction | undefined {
    return this.#pool.get(hash) ?? this.mined.find((each) => each.hash === hash);
  }

  #receipt(hash: string): unknown {
    const block = this.#blocks.findIndex(({ transactions }) =>
      transactions.some((each) => each.hash === hash),
    );
    const transaction = this.#find(hash);
    if (block < 0 || transaction === undefined) return null;
    return {
      transactionHash: hash,
      transactionIndex: '0x0',
      blockHash: `0x${'00'.repeat(32)}`,
      blockNumber: hex(block + 1),
      from: transaction.from,
      to: transaction.to,
      contractAddress: null,
      cumulativeGasUsed: hex(50_000),
      gasUsed: hex(50_000),
      effectiveGasPrice: hex(this.#priceWei),
      logs: [],
      logsBloom: `0x${'00'.repeat(256)}`,
      status: '0x1',
      type: '0x2',
    };
  }
}

class ConnectionLost extends Error {
  readonly code = 'ECONNRESET';
}

const priceOf = (transaction: Transaction): bigint => transaction.maxFeePerGas ?? transaction.gasPrice ?? 0n;
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
