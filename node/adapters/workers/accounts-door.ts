import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { decodeSignedGrant, grantHashOf, SIGNED_GRANT_BYTES } from '../../../sdk/protocol/grant.ts';
import { parseAddress, parseGrantHash } from '../../../sdk/protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import {
  decodeSignedReceipt,
  decodeSignedReceipts,
  SIGNED_RECEIPT_BYTES,
} from '../../../sdk/protocol/receipt.ts';
import type { CheckedReceipt, DeliveryAccounts } from '../delivery-desk/delivery-accounts.ts';
import { packError } from './crossing-error.ts';
import { PlainFields, valid } from './plain-fields.ts';
import type { Plain } from './process-channel.ts';
import { messageInvalid } from './worker-error.ts';
import { MAX_CLIENT_LETTERS, MAX_OPEN_LEAVES } from './worker-limits.ts';

/** `0x` and 32 bytes. */
export const HASH_LETTERS = 66;
const ADDRESS_LETTERS = 42;

/**
 * Where one worker reaches the accounts of its node. What it says is decoded and checked; it settles only what it reserved
 * itself, and when it is gone, what it held open is lost, not served.
 */
export class AccountsDoor {
  readonly #accounts: DeliveryAccounts;
  readonly #domain: Domain;
  readonly #leaves = new Set<number>();
  #closed = false;

  constructor(components: { readonly accounts: DeliveryAccounts; readonly domain: Domain }) {
    this.#accounts = components.accounts;
    this.#domain = components.domain;
  }

  /** Reservations and free transfers that are under way. */
  get openLeaves(): number {
    return this.#leaves.size;
  }

  /** @returns undefined if the question is none for the accounts @throws WorkerError MESSAGE_INVALID; as the accounts */
  answer(kind: string, question: unknown): Promise<Plain> | undefined {
    switch (kind) {
      case 'open':
        return this.#open(new PlainFields(question));
      case 'resume':
        return this.#resume(new PlainFields(question));
      case 'reserve':
        return this.#reserve(new PlainFields(question));
      case 'takeFree':
        return this.#takeFree(new PlainFields(question));
      case 'takeReceipts':
        return this.#takeReceipts(new PlainFields(question));
      default:
        return undefined;
    }
  }

  /** @returns false if the note is none for the accounts @throws WorkerError MESSAGE_INVALID */
  hear(kind: string, note: unknown): boolean {
    if (kind !== 'settle' && kind !== 'lose') return false;
    const fields = new PlainFields(note);
    const leaveId = fields.integer('leaveId');
    if (!this.#leaves.delete(leaveId)) throw messageInvalid('a leave is not open');
    if (kind === 'lose') this.#accounts.lose(leaveId);
    else {
      this.#accounts.settle(leaveId, {
        sentBytes: fields.count('sentBytes'),
        complete: fields.flag('complete'),
      });
    }
    return true;
  }

  /** The worker is gone. */
  close(): void {
    this.#closed = true;
    for (const leaveId of this.#leaves) this.#accounts.lose(leaveId);
    this.#leaves.clear();
  }

  async #open(fields: PlainFields): Promise<Plain> {
    const bytes = fields.bytes('grant', SIGNED_GRANT_BYTES);
    const signedGrant = valid('grant', () => decodeSignedGrant(bytes));
    const signer = fields.parsed('signer', ADDRESS_LETTERS, parseAddress);
    // Named here, not by the worker: the ledger's sessions are found by it.
    const grantHash = grantHashOf(this.#domain, signedGrant.grant);
    return { ...(await this.#accounts.open({ grantHash, signedGrant, signer })) };
  }

  async #resume(fields: PlainFields): Promise<Plain> {
    const grantHash = fields.parsed('grantHash', HASH_LETTERS, parseGrantHash);
    const receipt = fields.has('receipt') ? receiptOf(fields.fields('receipt')) : undefined;
    if (receipt !== undefined && receipt.signedReceipt.receipt.grantHash !== grantHash) {
      throw messageInvalid('a receipt is of another grant');
    }
    const standing = await this.#accounts.resume(grantHash, receipt);
    return standing === undefined ? null : { ...standing };
  }

  async #reserve(fields: PlainFields): Promise<Plain> {
    const grantHash = fields.parsed('grantHash', HASH_LETTERS, parseGrantHash);
    this.#requireRoom();
    const { leaveId, standing } = await this.#accounts.reserve(grantHash, fields.count('bytes'));
    this.#keep(leaveId);
    return { leaveId, ...standing };
  }

  async #takeFree(fields: PlainFields): Promise<Plain> {
    const client = fields.text('client', MAX_CLIENT_LETTERS);
    this.#requireRoom();
    const { leaveId } = await this.#accounts.takeFree(client, fields.count('bytes'));
    this.#keep(leaveId);
    return { leaveId };
  }

  async #takeReceipts(fields: PlainFields): Promise<Plain> {
    const bytes = fields.bytes('receipts', MAX_RECEIPTS_PER_REQUEST * SIGNED_RECEIPT_BYTES);
    const signed = valid('receipts', () => decodeSignedReceipts(bytes));
    const signers = fields.list('signers', MAX_RECEIPTS_PER_REQUEST);
    if (signers.length !== signed.length) throw messageInvalid('not every receipt has a signer');
    const receipts = signed.map((signedReceipt, index): CheckedReceipt => {
      const signer = valid('signer', () => parseAddress(String(signers[index])));
      return { signedReceipt, signer };
    });
    const answers = await this.#accounts.takeReceipts(receipts);
    return {
      answers: answers.map((answer) =>
        'error' in answer
          ? { grantHash: answer.grantHash, error: { ...packError(answer.error) } }
          : { grantHash: answer.grantHash, durableBytes: answer.durableBytes },
      ),
    };
  }

  #requireRoom(): void {
    if (this.#leaves.size >= MAX_OPEN_LEAVES) throw messageInvalid('too many leaves are open');
  }

  #keep(leaveId: number): void {
    if (this.#closed) this.#accounts.lose(leaveId);
    else this.#leaves.add(leaveId);
  }
}

function receiptOf(fields: PlainFields): CheckedReceipt {
  const bytes = fields.bytes('bytes', SIGNED_RECEIPT_BYTES);
  return {
    signedReceipt: valid('receipt', () => decodeSignedReceipt(bytes)),
    signer: fields.parsed('signer', ADDRESS_LETTERS, parseAddress),
  };
}
