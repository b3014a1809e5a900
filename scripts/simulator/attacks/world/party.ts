import { Wallet } from 'ethers';

import { approveTokens, readTokenBalance } from '../../../../sdk/chain/tokens.ts';
import {
  TransactionSender,
  type ContractCall,
  type MinedTransaction,
} from '../../../../sdk/chain/transactions.ts';
import { hexToBytes } from '../../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../../sdk/protocol/identifiers.ts';
import type { Deployment } from '../../../../sdk/chain/deployment.ts';
import type { AttackChain } from './attack-chain.ts';

const POLL_INTERVAL_MS = 10;
/** More than all tokens: an approval without limit. */
const WITHOUT_LIMIT = (1n << 256n) - 1n;

/** An account with ether and tokens that counts the gas it pays for. */
export class Party extends TransactionSender {
  readonly privateKey: Uint8Array;
  #gasUsed = 0n;

  constructor(chain: AttackChain, account: number, deployment: Deployment = chain.deployment) {
    const { provider } = chain;
    const wallet = new Wallet(chain.privateKeyOf(account), provider);
    super({ provider, wallet, deployment }, { pollIntervalMs: POLL_INTERVAL_MS });
    this.privateKey = hexToBytes(wallet.privateKey);
  }

  /** Gas of everything that it has sent. */
  get gasUsed(): bigint {
    return this.#gasUsed;
  }

  override async send(call: ContractCall, signal?: AbortSignal): Promise<MinedTransaction> {
    const mined = await super.send(call, signal);
    this.#gasUsed += mined.gasUsed;
    return mined;
  }

  balance(): Promise<bigint> {
    return readTokenBalance(this.provider, this.deployment, this.address);
  }

  /** Lets the market take bonds of claims. */
  async approveBonds(): Promise<void> {
    await approveTokens(this, this.deployment.market, WITHOUT_LIMIT);
  }
}

/** What some parties hold and have spent on gas, all added up. */
export class Purse {
  readonly #parties: readonly Party[];
  readonly #wei: bigint;
  readonly #gasUsed: bigint;

  private constructor(parties: readonly Party[], wei: bigint, gasUsed: bigint) {
    this.#parties = parties;
    this.#wei = wei;
    this.#gasUsed = gasUsed;
  }

  static async open(...parties: readonly Party[]): Promise<Purse> {
    return new Purse(parties, await held(parties), gasOf(parties));
  }

  /** Won since it was opened. @param earnedWei of it came from honest work */
  async close(earnedWei = 0n): Promise<{ grossWei: bigint; gasUsed: bigint }> {
    return {
      grossWei: (await held(this.#parties)) - this.#wei - earnedWei,
      gasUsed: gasOf(this.#parties) - this.#gasUsed,
    };
  }
}

async function held(parties: readonly Party[]): Promise<bigint> {
  let wei = 0n;
  for (const party of parties) wei += await party.balance();
  return wei;
}

const gasOf = (parties: readonly Party[]): bigint => parties.reduce((gas, party) => gas + party.gasUsed, 0n);

export const addressesOf = (parties: readonly Party[]): Address[] => parties.map(({ address }) => address);
