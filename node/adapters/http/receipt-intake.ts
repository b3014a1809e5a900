import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import type { Address, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { decodeSignedReceipt, receiptDigest, type SignedReceipt } from '../../../sdk/protocol/receipt.ts';
import type { ReceiptEffect } from '../../core/delivery/delivery-ledger.ts';
import type { GatewayComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';

/** A receipt that was credited, and when it will be on disk. */
export interface CreditedReceipt extends ReceiptEffect {
  /** Resolves when the receipt would survive a power cut. */
  readonly durable: Promise<void>;
}

/** Checks receipts, credits them at once and has them journaled. */
export class ReceiptIntake {
  readonly #components: Pick<
    GatewayComponents,
    'ledger' | 'journal' | 'domain' | 'secp256k1' | 'metrics' | 'log'
  >;

  constructor(components: GatewayComponents) {
    this.#components = components;
  }

  /**
   * The receipt that rides on a request for another block of the same grant.
   * @throws GatewayError RECEIPT_MALFORMED, RECEIPT_WRONG_GRANT; DeliveryError RECEIPT_*
   */
  creditHeader(header: string, grantHash: GrantHash): void {
    const { log } = this.#components;
    const signed = decodeReceiptHeader(header);
    const { bytesCumulative, grantHash: named } = signed.receipt;
    if (named !== grantHash) {
      throw new GatewayError(403, 'RECEIPT_WRONG_GRANT', {
        message: 'The receipt belongs to another grant than the request.',
        values: { expected: grantHash, actual: named },
        remedy: 'Send a receipt with requests of its own grant, or post it to /bcdn/v1/receipts.',
      });
    }
    this.credit(signed).durable.catch((error: unknown) => {
      log.error(
        { grantHash, bytesCumulative: bytesCumulative.toString(), error },
        'a receipt is not on disk yet',
      );
    });
  }

  /** @throws GatewayError RECEIPT_BAD_SIGNATURE; DeliveryError RECEIPT_* */
  credit(signed: SignedReceipt): CreditedReceipt {
    const { ledger, journal, metrics } = this.#components;
    const { grantHash, bytesCumulative } = signed.receipt;
    const known = ledger.state(grantHash);
    if (known !== undefined && bytesCumulative === BigInt(known.receiptedBytes)) {
      metrics.receipt('repeated');
      const { windowBytes } = known;
      return { advancedBytes: 0, windowBytes, durable: this.#journal(signed) };
    }
    const outcome = ledger.applyReceipt({ grantHash, bytesCumulative, signer: this.#signerOf(signed) });
    if (!outcome.ok) {
      metrics.receipt('refused');
      throw outcome.error;
    }
    metrics.receipt('credited');
    return { ...outcome.value, durable: journal.appendReceipt(signed).then(() => this.#durable(signed)) };
  }

  /** For a receipt that was credited before: waits until that one is on disk, writes nothing itself. */
  async #journal(signed: SignedReceipt): Promise<void> {
    const state = this.#components.ledger.state(signed.receipt.grantHash);
    if (state === undefined || state.durableBytes >= Number(signed.receipt.bytesCumulative)) return;
    // Only a receipt whose signature was checked may reach the journal.
    if (this.#signerOf(signed) !== state.grant.viewerKey) return;
    await this.#components.journal.appendReceipt(signed);
    this.#durable(signed);
  }

  #durable({ receipt }: SignedReceipt): void {
    this.#components.ledger.markDurable(receipt.grantHash, Number(receipt.bytesCumulative));
  }

  #signerOf(signed: SignedReceipt): Address {
    const { domain, secp256k1, metrics } = this.#components;
    try {
      return secp256k1.recover(receiptDigest(domain, signed.receipt), signed.signature);
    } catch (cause) {
      metrics.receipt('refused');
      throw new GatewayError(403, 'RECEIPT_BAD_SIGNATURE', {
        message: 'The signature of the receipt is not valid.',
        values: { grantHash: signed.receipt.grantHash },
        remedy: 'Sign the receipt with the key that the grant names.',
        cause,
      });
    }
  }
}

function decodeReceiptHeader(header: string): SignedReceipt {
  try {
    return decodeSignedReceipt(base64UrlDecode(header));
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new GatewayError(400, 'RECEIPT_MALFORMED', {
      message: `The bcdn-receipt header cannot be decoded: ${cause.message}`,
      values: { reason: cause.code, ...cause.values },
      remedy: 'Send the signed receipt base64url-encoded, without padding.',
      cause,
    });
  }
}
