import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

import { bytesToHex, concatBytes, utf8ToBytes } from '../../sdk/protocol/bytes.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Secp256k1 } from '../../sdk/protocol/signature.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import { readTip } from '../database/chain-index.ts';
import type { Database, Sql } from '../database/database.ts';
import type { DealRecord } from '../database/deal-records.ts';
import {
  countUnusedPairs,
  findPairByCollector,
  findPairByGrantKey,
  forgetUnusedPairs,
  insertKeyPair,
  type KeyPairRecord,
} from '../database/key-pairs.ts';
import { MarketplaceError } from '../errors.ts';
import { MAX_UNUSED_KEY_PAIRS, UNUSED_KEYS_KEPT_SECONDS } from '../limits.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PRIVATE_KEY_BYTES = 32;

/** Signs a 32-byte digest with a key that stays inside the vault. */
export type DigestSigner = (digest: Uint8Array) => Uint8Array;

export interface KeyAddresses {
  readonly grantKey: Address;
  readonly collector: Address;
}

interface VaultComponents {
  readonly database: Database;
  readonly secp256k1: Secp256k1;
  readonly clock: Clock;
  /** Newest block that the chain is known to have. @default unknown: unused keys are never forgotten */
  readonly chainHead?: () => number | undefined;
  /** @default MAX_UNUSED_KEY_PAIRS */
  readonly maxUnusedPairs?: number;
}

/**
 * Holds the grant and collector keys of the deals that this coordinator serves.
 *
 * Private keys are made here, are sealed with AES-256-GCM under a key derived from the secret file, with their
 * address as associated data, and never leave: callers get functions that sign.
 */
export class KeyVault {
  readonly #database: Database;
  readonly #secp256k1: Secp256k1;
  readonly #clock: Clock;
  readonly #chainHead: () => number | undefined;
  readonly #maxUnusedPairs: number;
  readonly #sealingKey: Uint8Array;

  /** @param secret 32 bytes of the secret file */
  constructor(components: VaultComponents, secret: Uint8Array) {
    this.#chainHead = components.chainHead ?? (() => undefined);
    this.#maxUnusedPairs = components.maxUnusedPairs ?? MAX_UNUSED_KEY_PAIRS;
    this.#database = components.database;
    this.#secp256k1 = components.secp256k1;
    this.#clock = components.clock;
    this.#sealingKey = deriveKey(secret, 'bcdn coordinator key sealing 1');
  }

  /**
   * Makes the keys for a deal that is about to be opened.
   * @param publisher if given, only deals of this publisher will be served with them
   * @throws MarketplaceError KEYS_EXHAUSTED
   */
  async createPair(publisher: Address | undefined): Promise<KeyAddresses> {
    const grantKey = this.#create();
    const collector = this.#create();
    await this.#database.write(async (sql) => {
      const unused = await this.#countUnused(sql);
      if (unused >= this.#maxUnusedPairs) {
        throw new MarketplaceError(
          'KEYS_EXHAUSTED',
          'Too many keys have been made for deals that were never opened.',
          {
            unused,
            max: this.#maxUnusedPairs,
          },
        );
      }
      await insertKeyPair(sql, {
        grantKey: grantKey.address,
        collector: collector.address,
        sealedGrantKey: grantKey.sealed,
        sealedCollector: collector.sealed,
        publisher,
        createdAtSeconds: Math.floor(this.#clock.nowMs() / 1000),
      });
    });
    return { grantKey: grantKey.address, collector: collector.address };
  }

  /** When there is no room, keys that were asked for long ago and never used make some: nobody can take it all for good. */
  async #countUnused(sql: Sql): Promise<number> {
    const unused = await countUnusedPairs(sql);
    if (unused < this.#maxUnusedPairs) return unused;
    const head = this.#chainHead();
    const tip = await readTip(sql);
    if (head === undefined || tip === undefined || tip.number < head) return unused;
    await forgetUnusedPairs(sql, Math.floor(this.#clock.nowMs() / 1000) - UNUSED_KEYS_KEPT_SECONDS);
    return countUnusedPairs(sql);
  }

  /**
   * Signer of the deal's grants of an epoch: the key of now, or the one before while it is still good.
   * @throws MarketplaceError DEAL_NOT_SERVED if this coordinator holds neither
   */
  async grantSigner(deal: DealRecord, epoch: number): Promise<DigestSigner> {
    const signer =
      (await this.#signerOf(deal, deal.grantKey, 'grantKey')) ??
      (epoch <= deal.keyLastEpoch
        ? await this.#signerOf(deal, deal.previousGrantKey, 'grantKey')
        : undefined);
    return signer ?? this.#refuse(deal, 'grant key', deal.grantKey);
  }

  /** Signer of the deal's vouchers through an epoch. @throws MarketplaceError DEAL_NOT_SERVED */
  async voucherSigner(deal: DealRecord, throughEpoch: number): Promise<DigestSigner> {
    return (await this.collectorSigner(deal, throughEpoch)).sign;
  }

  /**
   * The collector key that is good in an epoch and that this coordinator holds, with its address.
   * @throws MarketplaceError DEAL_NOT_SERVED
   */
  async collectorSigner(deal: DealRecord, epoch: number): Promise<{ sign: DigestSigner; address: Address }> {
    const previous = epoch <= deal.keyLastEpoch ? deal.previousCollector : undefined;
    for (const address of [deal.collector, previous]) {
      const sign = await this.#signerOf(deal, address, 'collector');
      if (sign !== undefined && address !== undefined) return { sign, address };
    }
    return this.#refuse(deal, 'collector key', deal.collector);
  }

  async #signerOf(
    deal: DealRecord,
    address: Address | undefined,
    purpose: keyof KeyAddresses,
  ): Promise<DigestSigner | undefined> {
    if (address === undefined) return undefined;
    const find = purpose === 'grantKey' ? findPairByGrantKey : findPairByCollector;
    const pair: KeyPairRecord | undefined = await find(this.#database.read, address);
    if (pair === undefined || (pair.publisher !== undefined && pair.publisher !== deal.publisher))
      return undefined;
    const sealed = purpose === 'grantKey' ? pair.sealedGrantKey : pair.sealedCollector;
    return (digest) => this.#secp256k1.sign(digest, this.#open(sealed, address));
  }

  #refuse(deal: DealRecord, what: string, address: Address): never {
    throw new MarketplaceError('DEAL_NOT_SERVED', `This coordinator does not hold the ${what} of the deal.`, {
      dealId: deal.dealId,
      address,
    });
  }

  #create(): { address: Address; sealed: Uint8Array } {
    const privateKey = this.#randomPrivateKey();
    const address = this.#secp256k1.addressOf(privateKey);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#sealingKey, nonce).setAAD(utf8ToBytes(address));
    const sealed = concatBytes(nonce, cipher.update(privateKey), cipher.final(), cipher.getAuthTag());
    privateKey.fill(0);
    return { address, sealed };
  }

  /** Keys out of range are as rare as a hash collision; drawing again costs nothing. */
  #randomPrivateKey(): Uint8Array {
    for (;;) {
      const candidate = new Uint8Array(randomBytes(PRIVATE_KEY_BYTES));
      const value = BigInt(bytesToHex(candidate));
      if (value > 0n && value < SECP256K1_ORDER) return candidate;
    }
  }

  #open(sealed: Uint8Array, address: Address): Uint8Array {
    try {
      const decipher = createDecipheriv(CIPHER, this.#sealingKey, sealed.subarray(0, NONCE_BYTES));
      decipher.setAAD(utf8ToBytes(address)).setAuthTag(sealed.subarray(-TAG_BYTES));
      return concatBytes(decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final());
    } catch (failure) {
      throw new MarketplaceError(
        'SECRET_UNREADABLE',
        'A key of the coordinator cannot be opened: the secret file is not the one it was sealed with.',
        { address },
        failure,
      );
    }
  }
}

const SECP256K1_ORDER = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;

/** A key for one purpose from the secret of the data directory (HKDF-SHA-256). */
export function deriveKey(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), purpose, 32));
}
