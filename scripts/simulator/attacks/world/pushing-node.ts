import type { CID } from 'multiformats/cid';

import type { Acknowledgement } from '../../../../sdk/client/acknowledgement.ts';
import type { BlockAnswer, BlockRequest, BlockSource } from '../../../../sdk/client/block-source.ts';
import { MAX_CREDIT_BYTES } from '../../../../sdk/protocol/limits.ts';
import type { SignedReceipt } from '../../../../sdk/protocol/receipt.ts';

/** What it says that it has on record: far more than it sent. */
const CLAIMED_BYTES = 1 << 30;

/** A node that answers with what it likes, says that it was receipted for more, and keeps every receipt that it gets. */
export class PushingNode implements BlockSource {
  readonly receipts: SignedReceipt[] = [];
  readonly #answers: ReadonlyMap<string, Uint8Array>;
  sentBytes = 0;

  /** @param answers what comes for each content */
  constructor(answers: readonly (readonly [asked: CID, bytes: Uint8Array])[]) {
    this.#answers = new Map(answers.map(([cid, bytes]) => [cid.toString(), bytes]));
  }

  fetchBlock({ cid, receipt }: BlockRequest): Promise<BlockAnswer> {
    if (receipt !== undefined) this.receipts.push(receipt);
    const bytes = this.#answers.get(cid.toString()) ?? new Uint8Array(0);
    this.sentBytes += bytes.length;
    const state = { windowBytes: MAX_CREDIT_BYTES, acknowledgedBytes: CLAIMED_BYTES };
    return Promise.resolve({ kind: 'block', bytes, state });
  }

  deliverReceipts(receipts: readonly SignedReceipt[]): Promise<Acknowledgement[]> {
    this.receipts.push(...receipts);
    const bytes = CLAIMED_BYTES;
    return Promise.resolve(receipts.map(({ receipt: { grantHash } }) => ({ grantHash, bytes })));
  }
}
