import type { CID } from 'multiformats/cid';

import { ClientError } from '../../sdk/client/client-error.ts';
import type { GrantAccount } from '../../sdk/client/grant-account.ts';
import { HttpBlockSource } from '../../sdk/client/http-block-source.ts';
import type { HttpExchange } from '../../sdk/client/http-exchange.ts';
import type { IssuedGrant, ViewerSession } from '../../sdk/client/viewer-session.ts';
import { pause } from '../../sdk/pacing/pause.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../sdk/protocol/limits.ts';
import type { SignedReceipt } from '../../sdk/protocol/receipt.ts';
import type { ReceiptBook } from './receipt-book.ts';

/** Pause between two requests of a viewer, milliseconds: three of them leave room on two cores. */
const REQUEST_PAUSE_MS = 15;
/** Pause after a failure, milliseconds: the node is probably dead. */
const RETRY_PAUSE_MS = 100;
const STALL_TIMEOUT_MS = 5_000;
/** Share of receipts that are posted and waited for instead of riding on the next request. */
const POSTED_SHARE = 0.3;

export interface ViewerParts {
  readonly session: ViewerSession;
  readonly http: HttpExchange;
  readonly book: ReceiptBook;
  readonly random: () => number;
}

/** What a viewer fetches, again and again. */
export interface ViewerTask {
  readonly node: Address;
  /** A content of a single block. */
  readonly cid: CID;
}

/** A viewer that fetches one block over and over, signs for every byte, and writes down what it is told. */
export class Viewer {
  readonly #parts: ViewerParts;
  readonly #task: ViewerTask;

  constructor(parts: ViewerParts, task: ViewerTask) {
    this.#parts = parts;
    this.#task = task;
  }

  /** Watches until the signal; failures of a node that was killed are waited out. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const [issued] = await this.#parts.session.requestGrants({ nodes: [this.#task.node], signal });
        if (issued?.origin === undefined) await pause(RETRY_PAUSE_MS, signal);
        else await this.#watch(issued, issued.origin, signal);
      } catch (error) {
        if (!signal.aborted && !(error instanceof ClientError)) throw error;
        await pause(RETRY_PAUSE_MS, signal);
      }
    }
  }

  /** Fetches under one grant until its epoch ends or the node refuses it. */
  async #watch({ account }: IssuedGrant, origin: string, signal: AbortSignal): Promise<void> {
    const source = new HttpBlockSource(this.#parts.http, origin);
    let verifiedBytes = 0;
    while (!signal.aborted && Date.now() < account.epochEndsAtMs) {
      try {
        const receipt = verifiedBytes === 0 ? undefined : this.#sign(account, verifiedBytes);
        if (receipt !== undefined && this.#parts.random() < POSTED_SHARE) {
          await this.#post(source, receipt, signal);
        }
        const bytes = await this.#fetch(source, account, receipt, signal);
        if (bytes === undefined) return;
        verifiedBytes += bytes;
        await pause(REQUEST_PAUSE_MS, signal);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        await pause(RETRY_PAUSE_MS, signal);
      }
    }
  }

  /** One block; undefined when the node refuses. */
  async #fetch(
    source: HttpBlockSource,
    account: GrantAccount,
    receipt: SignedReceipt | undefined,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const answer = await source.fetchBlock({
      ...{ cid: this.#task.cid, grant: account.header, receipt, signal },
      ...{ maxBytes: MAX_SERVED_BLOCK_BYTES, stallTimeoutMs: STALL_TIMEOUT_MS },
    });
    const { acknowledgedBytes } = answer.state;
    if (acknowledgedBytes !== undefined) this.#parts.book.acknowledge(account.grantHash, acknowledgedBytes);
    return answer.kind === 'block' ? answer.bytes.length : undefined;
  }

  async #post(source: HttpBlockSource, receipt: SignedReceipt, signal: AbortSignal): Promise<void> {
    for (const { grantHash, bytes } of await source.deliverReceipts([receipt], signal)) {
      this.#parts.book.acknowledge(grantHash, bytes);
    }
  }

  #sign(account: GrantAccount, bytes: number): SignedReceipt {
    const signedReceipt = this.#parts.session.signReceipt(account, bytes);
    this.#parts.book.sign({ signedGrant: account.signedGrant, signedReceipt });
    return signedReceipt;
  }
}
