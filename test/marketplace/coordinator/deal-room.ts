import { CID } from 'multiformats/cid';
import { create as digestOf } from 'multiformats/hashes/digest';

import { allocate, openDeal } from '../../../sdk/chain/deals.ts';
import { fundPeerPool } from '../../../sdk/chain/peer-pool.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { grantRequestDigest, settlementRequestDigest } from '../../../sdk/protocol/authorisation.ts';
import {
  base64UrlDecode,
  base64UrlEncode,
  bytesToHex,
  hexToBytes,
  type Hex,
} from '../../../sdk/protocol/bytes.ts';
import { decodeSignedGrant, grantHashOf, type SignedGrant } from '../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  type DealId,
} from '../../../sdk/protocol/identifiers.ts';
import {
  encodeReceiptsWithGrants,
  receiptDigest,
  type ReceiptWithGrant,
} from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import type { ApiAnswer, ApiClient } from '../api-client.ts';
import { eventually, WEI_PER_BYTE, type TestMarket } from '../market-fixture.ts';

export interface Grants {
  readonly dealId: string;
  readonly epoch: number;
  readonly epochEndsAt: number;
  readonly epochEndsInMs: number;
  readonly grants: readonly {
    node: string;
    role: string;
    carried: boolean;
    region: string;
    capBytes: number;
    grantHash: string;
    grant: string;
  }[];
}

export interface SettlementAnswer {
  readonly accepted: number;
  readonly refused: readonly { grantHash: string; code: string }[];
  readonly voucher: string | null;
  readonly cumulativeWei: string | null;
  readonly throughEpoch: number | null;
  readonly better: string;
}

export interface Viewer {
  readonly key: Uint8Array;
  readonly address: string;
}

interface Wanted {
  readonly dealId?: DealId;
  readonly cid?: string;
}

/** A publisher, viewers and nodes that deal with each other through a running marketplace. */
export class DealRoom {
  readonly #market: TestMarket;
  readonly #publisher: TransactionSender;
  /** Fills salts, content roots and viewer keys, each number once. */
  #number = 1;
  api: ApiClient;

  constructor(parts: { market: TestMarket; api: ApiClient; publisher: TransactionSender }) {
    this.#market = parts.market;
    this.#publisher = parts.publisher;
    this.api = parts.api;
  }

  /** Opens a deal with money for the given nodes, and waits until it is indexed. @param of a content; else a fresh one */
  async openFundedDeal(
    amounts: ReadonlyMap<TransactionSender, bigint>,
    peerPoolWei = 0n,
    of?: CID,
  ): Promise<{ dealId: DealId; cid: CID }> {
    const publisher = this.#publisher;
    const keys = await this.api.ok<{ grantKey: string; collector: string }>(
      this.api.post('/v1/coordinator/keys', { publisher: publisher.address }),
    );
    const salt = new Uint8Array(32).fill(this.#number++);
    const root = of?.multihash.digest ?? salt;
    const { dealId } = await openDeal(publisher, {
      salt: bytesToHex(salt),
      collector: parseAddress(keys.collector),
      grantKey: parseAddress(keys.grantKey),
      contentRoot: parseContentRoot(bytesToHex(root)),
      contentCodec: 0x55,
      serviceLevel: 0,
      depositWei: [...amounts.values()].reduce((sum, amount) => sum + amount, peerPoolWei),
    });
    const requests = [...amounts].map(([node, amountWei]) => ({
      node: node.address,
      amountWei,
      ratePerGiB: WEI_PER_BYTE,
    }));
    if (requests.length > 0) await allocate(publisher, dealId, requests);
    if (peerPoolWei > 0n) await fundPeerPool(publisher, dealId, peerPoolWei);
    await this.levelWithChain();
    return { dealId, cid: CID.createV1(0x55, digestOf(0x12, root)) };
  }

  async levelWithChain(): Promise<void> {
    const head = await this.#market.provider.getBlockNumber();
    await eventually(
      async () => (await this.api.get('/v1/network')).body['indexedBlock'],
      (indexed) => typeof indexed === 'number' && indexed >= head,
    );
  }

  viewer(): Viewer {
    const key = new Uint8Array(32).fill(this.#number++);
    return { key, address: secp256k1.addressOf(key) };
  }

  /** A signed request for grants, not yet sent. */
  async grantsBody(who: Viewer, wanted: Wanted, wishes: object = {}): Promise<object> {
    const challenge = await this.api.ok<{ nonce: Hex; expiresAt: number }>(
      this.api.post('/v1/viewers/challenge', { viewerKey: who.address }),
    );
    const digest = grantRequestDigest(this.#market.domain, {
      viewerKey: parseAddress(who.address),
      dealId: wanted.dealId ?? parseDealId(`0x${'00'.repeat(32)}`),
      nonce: challenge.nonce,
      expiresAt: BigInt(challenge.expiresAt),
    });
    const signature = base64UrlEncode(secp256k1.sign(digest, who.key));
    return { ...wanted, viewerKey: who.address, ...challenge, signature, ...wishes };
  }

  async requestGrants(who: Viewer, wanted: Wanted, wishes: object = {}): Promise<Grants> {
    return this.api.ok<Grants>(this.api.post('/v1/grants', await this.grantsBody(who, wanted, wishes)));
  }

  signReceipt(signedGrant: SignedGrant, key: Uint8Array, bytes: bigint): ReceiptWithGrant {
    const receipt = {
      grantHash: grantHashOf(this.#market.domain, signedGrant.grant),
      bytesCumulative: bytes,
    };
    const signature = secp256k1.sign(receiptDigest(this.#market.domain, receipt), key);
    return { signedGrant, signedReceipt: { receipt, signature } };
  }

  /** What proves that a node asks for itself, until a time or for a minute. */
  settlementProof(
    dealId: DealId,
    node: TransactionSender,
    expiresAt = Math.floor(Date.now() / 1000) + 60,
  ): { expiresAt: number; signature: string } {
    const request = { dealId, node: node.address, expiresAt: BigInt(expiresAt) };
    const digest = settlementRequestDigest(this.#market.domain, request);
    const key = hexToBytes(node.wallet.privateKey, 32);
    return { expiresAt, signature: base64UrlEncode(secp256k1.sign(digest, key)) };
  }

  settle(
    dealId: DealId,
    node: TransactionSender,
    page: { throughEpoch: number; pairs: readonly ReceiptWithGrant[]; final?: boolean },
  ): Promise<ApiAnswer> {
    return this.api.post('/v1/settlements', {
      ...{ dealId, node: node.address, ...this.settlementProof(dealId, node) },
      throughEpoch: page.throughEpoch,
      receipts: encodePairs(page.pairs),
      ...(page.final !== undefined && { final: page.final }),
    });
  }
}

/** The grant for a node among those issued. */
export function grantOf(grants: Grants, node: TransactionSender): SignedGrant {
  const found = grants.grants.find((one) => one.node === node.address);
  return decodeSignedGrant(base64UrlDecode(found?.grant ?? ''));
}

export function encodePairs(pairs: readonly ReceiptWithGrant[]): string {
  return base64UrlEncode(encodeReceiptsWithGrants(pairs));
}
