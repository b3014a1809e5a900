import { LRUCache } from 'lru-cache';

import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { decodeSignedGrant, grantDigest } from '../../../sdk/protocol/grant.ts';
import { parseGrantHash, type Address } from '../../../sdk/protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import {
  decodeSignedReceipt,
  decodeSignedReceipts,
  receiptDigest,
  SIGNED_RECEIPT_BYTES,
  type SignedReceipt,
} from '../../../sdk/protocol/receipt.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { DeliveryError } from '../../core/delivery/delivery-error.ts';
import type { CheckedGrant, CheckedReceipt, DeliveryAccounts } from './delivery-accounts.ts';
import type { DeliveryDesk, OpenGrant, ReceiptAnswer, SentBytes, TransferLeave } from './delivery-desk.ts';
import { DeskError } from './desk-error.ts';
import { MAX_KNOWN_GRANTS } from './desk-limits.ts';

/** What the desk counts. Names as in the gateway's metrics. */
export interface DeskMetrics {
  served(kind: 'paid' | 'free', bytes: number): void;
  aborted(bytes: number): void;
  receipt(outcome: 'credited' | 'repeated' | 'refused'): void;
}

export interface FrontDeskComponents {
  readonly accounts: DeliveryAccounts;
  readonly domain: Domain;
  readonly secp256k1: Secp256k1;
  readonly metrics: DeskMetrics;
}

export interface FrontDeskOptions {
  /** For each client address; Infinity for no ration. */
  readonly freeBytesPerMinute: number;
  /** Clients on this machine are the node's own user: nothing is rationed to them. */
  readonly ownUserIsFree: boolean;
}

/** A grant that was opened through this desk, and the newest receipt whose signer it knows. */
interface KnownGrant {
  readonly checked: CheckedGrant;
  receiptText: string;
  receipt: CheckedReceipt | undefined;
}

/** The desk that transports talk to: decodes, recovers signers, counts; the rest it asks of the accounts. */
export class FrontDesk implements DeliveryDesk {
  readonly #components: FrontDeskComponents;
  readonly #options: FrontDeskOptions;
  /** By the bytes of the signed grant, signature included. */
  readonly #known = new LRUCache<string, KnownGrant>({ max: MAX_KNOWN_GRANTS });

  constructor(components: FrontDeskComponents, options: FrontDeskOptions) {
    this.#components = components;
    this.#options = options;
  }

  async admit(presented: {
    readonly grant: Uint8Array;
    readonly receipt?: Uint8Array | undefined;
  }): Promise<OpenGrant> {
    const text = latin1(presented.grant);
    const known = this.#known.get(text);
    return (
      (known === undefined ? undefined : await this.#resume(known, presented.receipt)) ??
      (await this.#openNew(text, presented.grant, presented.receipt))
    );
  }

  async credit(open: OpenGrant, receipt: Uint8Array): Promise<void> {
    const checked = this.#checkReceipt(this.#receiptFor(open.grantHash, receipt));
    const standing = await this.#components.accounts.resume(open.grantHash, checked);
    if (standing !== undefined) {
      open.standing = standing;
      return;
    }
    throw new DeliveryError('RECEIPT_UNKNOWN_GRANT', 'The grant of the receipt is no longer open here.', {
      values: { grantHash: open.grantHash },
      remedy: 'Present the signed grant again, or hand the receipt to the coordinator.',
    });
  }

  async reserve(open: OpenGrant, bytes: number): Promise<TransferLeave> {
    const { leaveId, standing } = await this.#components.accounts.reserve(open.grantHash, bytes);
    open.standing = standing;
    return this.#leave('paid', leaveId);
  }

  async takeFree(client: string, bytes: number): Promise<TransferLeave> {
    if (this.freeRoomBytes(client) === Infinity) return this.#leave('free', undefined);
    const { leaveId } = await this.#components.accounts.takeFree(client, bytes);
    return this.#leave('free', leaveId);
  }

  freeRoomBytes(client: string): number {
    const { ownUserIsFree, freeBytesPerMinute } = this.#options;
    return ownUserIsFree && LOOPBACK.test(client) ? Infinity : freeBytesPerMinute;
  }

  async takeReceipts(receipts: Uint8Array): Promise<readonly ReceiptAnswer[]> {
    const checked: CheckedReceipt[] = [];
    const refused: ReceiptAnswer[] = [];
    for (const signed of decodeReceipts(receipts)) {
      try {
        checked.push(this.#checkReceipt(signed));
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        refused.push({ grantHash: signed.receipt.grantHash, error });
      }
    }
    return [...(await this.#components.accounts.takeReceipts(checked)), ...refused];
  }

  async #resume(known: KnownGrant, receipt: Uint8Array | undefined): Promise<OpenGrant | undefined> {
    const { grantHash, signedGrant } = known.checked;
    const checked = receipt === undefined ? undefined : this.#newestReceipt(known, receipt);
    const standing = await this.#components.accounts.resume(grantHash, checked);
    return standing === undefined ? undefined : { grantHash, grant: signedGrant.grant, standing };
  }

  async #openNew(text: string, bytes: Uint8Array, receipt: Uint8Array | undefined): Promise<OpenGrant> {
    const checked = this.#checkGrant(bytes);
    const { grantHash, signedGrant } = checked;
    const standing = await this.#components.accounts.open(checked);
    const known: KnownGrant = { checked, receiptText: '', receipt: undefined };
    this.#known.set(text, known);
    const open: OpenGrant = { grantHash, grant: signedGrant.grant, standing };
    return receipt === undefined ? open : ((await this.#resume(known, receipt)) ?? open);
  }

  /** Requests at once carry the same newest receipt: its signer is recovered for the first of them. */
  #newestReceipt(known: KnownGrant, bytes: Uint8Array): CheckedReceipt {
    const text = latin1(bytes);
    if (known.receipt !== undefined && known.receiptText === text) return known.receipt;
    const receipt = this.#checkReceipt(this.#receiptFor(known.checked.grantHash, bytes));
    known.receiptText = text;
    known.receipt = receipt;
    return receipt;
  }

  #receiptFor(grantHash: string, bytes: Uint8Array): SignedReceipt {
    const signed = decodeReceipt(bytes);
    if (signed.receipt.grantHash === grantHash) return signed;
    throw new DeskError('RECEIPT_WRONG_GRANT', 'The receipt belongs to another grant than the request.', {
      values: { expected: grantHash, actual: signed.receipt.grantHash },
      remedy: 'Send a receipt with requests of its own grant, or post it to /bcdn/v1/receipts.',
    });
  }

  #checkGrant(bytes: Uint8Array): CheckedGrant {
    const signedGrant = decodeGrant(bytes);
    const { grant, signature } = signedGrant;
    const digest = grantDigest(this.#components.domain, grant);
    let signer: Address;
    try {
      signer = this.#components.secp256k1.recover(digest, signature);
    } catch {
      throw new DeliveryError('GRANT_BAD_SIGNATURE', 'The signature of the grant is not valid.', {
        values: { dealId: grant.dealId },
        remedy: 'Ask the coordinator of the deal for a new grant.',
      });
    }
    return { grantHash: parseGrantHash(bytesToHex(digest)), signedGrant, signer };
  }

  #checkReceipt(signedReceipt: SignedReceipt): CheckedReceipt {
    const { domain, secp256k1, metrics } = this.#components;
    const { receipt, signature } = signedReceipt;
    try {
      return { signedReceipt, signer: secp256k1.recover(receiptDigest(domain, receipt), signature) };
    } catch {
      metrics.receipt('refused');
      throw new DeliveryError('RECEIPT_BAD_SIGNATURE', 'The signature of the receipt is not valid.', {
        values: { grantHash: receipt.grantHash },
        remedy: 'Sign the receipt with the key that the grant names.',
      });
    }
  }

  #leave(kind: 'paid' | 'free', leaveId: number | undefined): TransferLeave {
    const { accounts, metrics } = this.#components;
    let open = true;
    return {
      settle: (sent: SentBytes) => {
        if (!open) return;
        open = false;
        if (leaveId !== undefined) accounts.settle(leaveId, sent);
        if (sent.complete) metrics.served(kind, sent.sentBytes);
        else metrics.aborted(sent.sentBytes);
      },
    };
  }
}

/** The node's own user, on its own machine. */
const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function decodeGrant(bytes: Uint8Array): ReturnType<typeof decodeSignedGrant> {
  try {
    return decodeSignedGrant(bytes);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw grantMalformed(cause);
  }
}

/** Bytes, or text that stands for them, that are no signed grant. */
export function grantMalformed(cause: ProtocolError): DeskError {
  return new DeskError('GRANT_MALFORMED', `The signed grant cannot be decoded: ${cause.message}`, {
    values: { reason: cause.code, ...cause.values },
    remedy: 'Send the signed grant as the coordinator gave it; in a header, base64url without padding.',
    cause,
  });
}

function decodeReceipt(bytes: Uint8Array): SignedReceipt {
  try {
    return decodeSignedReceipt(bytes);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw receiptMalformed(cause);
  }
}

/** Bytes, or text that stands for them, that are no signed receipt. */
export function receiptMalformed(cause: ProtocolError): DeskError {
  return new DeskError('RECEIPT_MALFORMED', `The signed receipt cannot be decoded: ${cause.message}`, {
    values: { reason: cause.code, ...cause.values },
    remedy: 'Send the signed receipt in its binary form; in a header, base64url without padding.',
    cause,
  });
}

function decodeReceipts(bytes: Uint8Array): SignedReceipt[] {
  try {
    return decodeSignedReceipts(bytes);
  } catch (cause) {
    throw new DeskError('RECEIPT_MALFORMED', 'The bytes are not a sequence of signed receipts.', {
      values: {
        bytes: bytes.length,
        receiptBytes: SIGNED_RECEIPT_BYTES,
        maxReceipts: MAX_RECEIPTS_PER_REQUEST,
      },
      remedy: 'Send signed receipts in their binary form, one after the other.',
      cause,
    });
  }
}
