import { keccak_256 } from '@noble/hashes/sha3.js';

import {
  allocate,
  closeDeal,
  openDeal,
  readAllocation,
  readDeal,
  release,
  withdraw,
  type AllocationRecord,
  type DealRecord,
} from '../../../../sdk/chain/deals.ts';
import { domainOf } from '../../../../sdk/chain/deployment.ts';
import { bytesToHex, utf8ToBytes } from '../../../../sdk/protocol/bytes.ts';
import type { Domain } from '../../../../sdk/protocol/eip712.ts';
import { grantDigest, grantHashOf, type Grant, type SignedGrant } from '../../../../sdk/protocol/grant.ts';
import {
  parseContentRoot,
  type Address,
  type ContentRoot,
  type DealId,
  type Epoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { voucherDigest, type SignedVoucher } from '../../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import { SimulatorError } from '../../simulator-error.ts';
import { addressesOf, type Party } from './party.ts';

/** A key that follows from a word, the same in every run. */
export const keyOf = (word: string): Uint8Array => keccak_256(utf8ToBytes(`bcdn attack key ${word}`));

/** Price of all deals: one token a GiB. */
export const RATE_WEI_PER_GIB = 10n ** 18n;
const RAW_CODEC = 0x55;

/** The keys of a deal, as addresses. */
export interface DealKeys {
  readonly grantKey: Address;
  readonly collector: Address;
}

/** How a deal is opened. */
export interface DealPlan {
  readonly publisher: Party;
  /** Makes the deal its own. */
  readonly word: string;
  /** Names its keys. @default its word */
  readonly keyWord?: string;
  readonly amounts: readonly (readonly [node: Party, amountWei: bigint])[];
  /** Escrowed beside what is allocated. @default 0 */
  readonly freeWei?: bigint;
  /** Keys of a coordinator. @default keys that follow from the key word */
  readonly keys?: DealKeys;
}

/** A deal on chain with what its publisher, or who plays him, can sign. */
export class PlayedDeal {
  readonly publisher: Party;
  readonly dealId: DealId;
  readonly contentRoot: ContentRoot;
  readonly domain: Domain;
  readonly nodes: readonly Party[];
  readonly #keyWord: string;

  private constructor(plan: DealPlan, dealId: DealId) {
    this.publisher = plan.publisher;
    this.dealId = dealId;
    this.#keyWord = plan.keyWord ?? plan.word;
    this.contentRoot = contentOf(plan.word);
    this.domain = domainOf(plan.publisher.deployment);
    this.nodes = plan.amounts.map(([node]) => node);
  }

  static async open(plan: DealPlan): Promise<PlayedDeal> {
    const { publisher, word, amounts, keyWord = word } = plan;
    const keys = plan.keys ?? {
      grantKey: secp256k1.addressOf(keyOf(`${keyWord} grants`)),
      collector: secp256k1.addressOf(keyOf(`${keyWord} collector`)),
    };
    const { dealId } = await openDeal(publisher, {
      salt: bytesToHex(keccak_256(utf8ToBytes(word))),
      ...keys,
      contentRoot: contentOf(word),
      contentCodec: RAW_CODEC,
      serviceLevel: 0,
      depositWei: amounts.reduce((sum, [, amountWei]) => sum + amountWei, plan.freeWei ?? 0n),
    });
    const requests = amounts.map(([node, amountWei]) => ({
      node: node.address,
      amountWei,
      ratePerGiB: RATE_WEI_PER_GIB,
    }));
    if (requests.length > 0) await allocate(publisher, dealId, requests);
    return new PlayedDeal(plan, dealId);
  }

  get grantKey(): Uint8Array {
    return keyOf(`${this.#keyWord} grants`);
  }

  get grantKeyAddress(): Address {
    return secp256k1.addressOf(this.grantKey);
  }

  get collectorKey(): Uint8Array {
    return keyOf(`${this.#keyWord} collector`);
  }

  /** A grant for a viewer at a node; `change` says what is not as it should be. */
  grant(at: { node: Address; viewer: Uint8Array; epoch: Epoch }, change: Partial<Grant> = {}): Grant {
    return {
      dealId: this.dealId,
      node: at.node,
      viewerKey: secp256k1.addressOf(at.viewer),
      epoch: at.epoch,
      capBytes: 1n << 30n,
      contentRoot: this.contentRoot,
      ...change,
    };
  }

  signGrant(grant: Grant, by: Uint8Array = this.grantKey, domain: Domain = this.domain): SignedGrant {
    return { grant, signature: secp256k1.sign(grantDigest(domain, grant), by) };
  }

  /** A viewer's receipt under a grant. */
  receipt(
    signedGrant: SignedGrant,
    viewer: Uint8Array,
    bytes: bigint,
    domain: Domain = this.domain,
  ): ReceiptWithGrant {
    const receipt = { grantHash: grantHashOf(domain, signedGrant.grant), bytesCumulative: bytes };
    return {
      signedGrant,
      signedReceipt: { receipt, signature: secp256k1.sign(receiptDigest(domain, receipt), viewer) },
    };
  }

  voucher(
    of: { node: Address; throughEpoch: Epoch; cumulative: bigint },
    by: Uint8Array = this.collectorKey,
    domain: Domain = this.domain,
  ): SignedVoucher {
    const voucher = { dealId: this.dealId, ...of };
    return { voucher, signature: secp256k1.sign(voucherDigest(domain, voucher), by) };
  }

  async allocationOf(node: Party): Promise<AllocationRecord> {
    const { provider, deployment } = this.publisher;
    return required(await readAllocation(provider, deployment, { dealId: this.dealId, node: node.address }));
  }

  async record(): Promise<DealRecord> {
    const { provider, deployment } = this.publisher;
    return required(await readDeal(provider, deployment, this.dealId));
  }

  /** The publisher takes back what nobody has earned. @param untilThawed lets the thaw pass */
  async reclaim(untilThawed: () => Promise<void>): Promise<void> {
    const nodes = addressesOf(this.nodes);
    await closeDeal(this.publisher, this.dealId, nodes);
    await untilThawed();
    if (nodes.length > 0) await release(this.publisher, this.dealId, nodes);
    const { freeWei } = await this.record();
    if (freeWei > 0n)
      await withdraw(this.publisher, this.dealId, { amountWei: freeWei, to: this.publisher.address });
  }
}

const contentOf = (word: string): ContentRoot =>
  parseContentRoot(bytesToHex(keccak_256(utf8ToBytes(`content of ${word}`))));

function required<T>(found: T | undefined): T {
  if (found !== undefined) return found;
  throw new SimulatorError('CHAIN_FAILED', 'The chain does not know a deal that was opened on it.');
}
