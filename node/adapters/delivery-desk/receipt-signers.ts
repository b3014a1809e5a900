import type { Domain } from '../../../sdk/protocol/eip712.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type SignedReceipt } from '../../../sdk/protocol/receipt.ts';
import { signerOf, type Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { MAX_RECEIPTS_BESIDE } from './desk-limits.ts';

/** A thread that finds out who signed, in the order of the questions (`sdk/signing/signer-thread.ts`). */
export interface SignersBeside {
  readonly ready: boolean;
  readonly waiting: number;
  start(): void;
  signerOf(signed: SignedReceipt): Promise<Address | 'nobody' | 'ended'>;
}

export interface ReceiptSignersComponents {
  readonly domain: Domain;
  readonly secp256k1: Secp256k1;
  /** Begun when it is first wanted; whoever made it ends it. @default all is done on this thread */
  readonly beside?: SignersBeside | undefined;
}

/**
 * Who signed a receipt. While others are being served the thread beside is asked, and this one goes on with them; when
 * there is nothing else to do the answer is found here, which is quicker than asking. Either way nothing is credited
 * before the signer is known.
 */
export class ReceiptSigners {
  readonly #components: ReceiptSignersComponents;

  constructor(components: ReceiptSignersComponents) {
    this.#components = components;
  }

  /**
   * @param busy whether others are being served
   * @returns undefined for a signature that nobody can have made; at once if it was found here
   */
  signerOf(
    signed: SignedReceipt,
    { busy }: { readonly busy: boolean },
  ): Address | undefined | Promise<Address | undefined> {
    return this.#asksBeside(busy) ? this.#ask(signed) : this.#find(signed);
  }

  /** Behind a question that waits nothing is found here: receipts of one grant must not overtake each other. */
  #asksBeside(busy: boolean): boolean {
    const { beside } = this.#components;
    if (beside === undefined) return false;
    if (busy) beside.start();
    return beside.ready && beside.waiting < MAX_RECEIPTS_BESIDE && (busy || beside.waiting > 0);
  }

  async #ask(signed: SignedReceipt): Promise<Address | undefined> {
    const signer = (await this.#components.beside?.signerOf(signed)) ?? 'ended';
    if (signer === 'ended') return this.#find(signed);
    return signer === 'nobody' ? undefined : signer;
  }

  #find({ receipt, signature }: SignedReceipt): Address | undefined {
    const { domain, secp256k1 } = this.#components;
    return signerOf(secp256k1, receiptDigest(domain, receipt), signature);
  }
}
