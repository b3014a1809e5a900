import { Worker } from 'node:worker_threads';

import type { Domain } from '../protocol/eip712.ts';
import type { Address } from '../protocol/identifiers.ts';
import { encodeSignedReceipt, type SignedReceipt } from '../protocol/receipt.ts';

/** Who signed: an address, nobody who can have, or unknown because the thread ended before it said so. */
export type Signer = Address | 'nobody' | 'ended';

export interface SignerThreadOptions {
  /** Called once if the thread ends by itself. @default nothing: whoever asks is told `ended` */
  readonly onFailure?: ((cause: unknown) => void) | undefined;
}

type State = 'new' | 'starting' | 'ready' | 'ended';

/**
 * Finds out who signed receipts in a thread of its own, so that the thread that serves only asks and is told, and a
 * thousand receipts at once hold nobody up (README.md beside this file has what that saves). Answers come in the order of
 * the questions.
 * @example
 *   const thread = new SignerThread(domain);
 *   thread.start();
 *   if (thread.ready) await thread.signerOf(signedReceipt);
 *   await thread.stop();
 */
export class SignerThread {
  readonly #domain: Domain;
  readonly #onFailure: (cause: unknown) => void;
  readonly #waiting: ((signer: Signer) => void)[] = [];
  #worker: Worker | undefined;
  #state: State = 'new';

  constructor({ chainId, verifyingContract }: Domain, options: SignerThreadOptions = {}) {
    this.#domain = { chainId, verifyingContract };
    this.#onFailure = options.onFailure ?? (() => undefined);
  }

  /** Whether it can be asked now. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** Questions that are not answered yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Begins; `ready` tells when it has. Does nothing the second time, or after its end. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'starting';
    const worker = new Worker(new URL('signer-worker.ts', import.meta.url), { workerData: this.#domain });
    worker.once('message', () => {
      if (this.#state === 'starting') this.#state = 'ready';
      worker.on('message', (signer: Signer) => this.#waiting.shift()?.(signer));
    });
    worker.on('error', (cause) => this.#failed(cause));
    worker.on('exit', (code) => this.#failed(code));
    this.#worker = worker;
  }

  /** @returns `ended` at once if it is not ready */
  signerOf(signed: SignedReceipt): Promise<Signer> {
    const worker = this.#worker;
    if (worker === undefined || !this.ready) return Promise.resolve('ended');
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      // Text crosses with the least work on this side.
      worker.postMessage(latin1(encodeSignedReceipt(signed)));
    });
  }

  /** Ends the thread. Questions that wait are answered `ended`. */
  async stop(): Promise<void> {
    this.#end();
    await this.#worker?.terminate();
  }

  #failed(cause: unknown): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#onFailure(cause);
  }

  #end(): void {
    this.#state = 'ended';
    for (const answer of this.#waiting.splice(0)) answer('ended');
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
