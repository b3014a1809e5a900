import { createHash, type Hash } from 'node:crypto';

import type { Stream } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';

import { readUint32 } from '../protocol/bytes.ts';
import { base64UrlDecode, concatBytes } from '../protocol/bytes.ts';
import { encodeSignedReceipt, encodeSignedReceipts, type SignedReceipt } from '../protocol/receipt.ts';
import type { Acknowledgement } from '../client/acknowledgement.ts';
import type { BlockAnswer, BlockRequest } from '../client/block-source.ts';
import { ClientError } from '../client/client-error.ts';
import type { EdgeState } from '../client/grant-account.ts';
import { refusalOfBody } from '../client/json-call.ts';
import { decodeAnswer, parseRefusal, type DeliveryAnswer, type Standing } from './delivery-answers.ts';
import {
  BLOCK_ANSWER_HEAD_BYTES,
  MAX_ANSWER_MESSAGE_BYTES,
  MAX_LANES,
  MAX_REQUESTS_IN_FLIGHT,
} from './delivery-limits.ts';
import { DeliveryMessageError, MessageKind } from './delivery-protocol.ts';
import { encodeRequest } from './delivery-requests.ts';
import { frame, FrameReader } from './frames.ts';

export interface ConversationOptions {
  /** Who is at the other end, for messages. */
  readonly peer: string;
  /** Whether blocks are hashed while they arrive. */
  readonly hashes: boolean;
}

/** A request without an answer. */
interface Pending {
  readonly answered: (answer: DeliveryAnswer) => void;
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly silence: NodeJS.Timeout;
  readonly maxBytes: number;
  readonly sentMs: number;
  waitedMs: number | undefined;
  hash: Hash | undefined;
  hashedBytes: number;
}

interface Waiting {
  readonly maxBytes: number;
  readonly stallTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The client's side of one delivery stream: grants are presented once, requests go out without waiting for the answers
 * before them, receipts as messages among them. What goes wrong ends the stream and with it all that is under way.
 */
export class DeliveryConversation {
  readonly #stream: Stream;
  readonly #options: ConversationOptions;
  readonly #pending = new Map<number, Pending>();
  /** Lane of each grant, by its text. */
  readonly #lanes = new Map<string, number>();
  readonly #grants: (string | undefined)[] = [];
  readonly #queue: (() => void)[] = [];
  #presented = 0;
  #lastRequest = 0;
  #failure: Error | undefined;

  constructor(stream: Stream, options: ConversationOptions) {
    this.#stream = stream;
    this.#options = options;
    const reader = new FrameReader(
      {
        onFrame: (body) => this.#onFrame(body),
        onProgress: (body, filled) => this.#onProgress(body, filled),
      },
      { maxBytes: MAX_ANSWER_MESSAGE_BYTES },
    );
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const part of data instanceof Uint8Array ? [data] : data) reader.push(part);
        for (const { silence } of this.#pending.values()) silence.refresh();
      } catch (error) {
        this.#fail(error instanceof ClientError ? error : this.#malformed(error));
      }
    });
    stream.addEventListener('remoteCloseWrite', () => this.#fail(this.#broken('ended the stream')));
    stream.addEventListener('close', ({ error }) => this.#fail(this.#broken('broke the stream off', error)));
  }

  /** Whether requests can still be sent. */
  get isOpen(): boolean {
    return this.#failure === undefined && this.#stream.status === 'open';
  }

  /** As `BlockSource.fetchBlock`. */
  async fetchBlock(wanted: BlockRequest): Promise<BlockAnswer> {
    await this.#turn(wanted.signal);
    const request = this.#nextRequest();
    const { answer, pending } = this.#expect(request, wanted);
    this.#send(this.#wordsOf(request, wanted));
    const answered = await answer;
    if (answered.kind === 'block') {
      return {
        kind: 'block',
        bytes: answered.block,
        state: stateOf(answered.standing),
        waitedMs: pending.waitedMs,
        sha256: pending.hash?.digest(),
      };
    }
    if (answered.kind === 'recorded') throw this.#unasked(request);
    const refusal = refusalOfBody(answered.status, parseRefusal(answered.body));
    return { kind: 'refused', refusal, state: stateOf(answered.standing) };
  }

  /** As `BlockSource.deliverReceipts`. */
  async deliverReceipts(
    receipts: readonly SignedReceipt[],
    waiting: { readonly stallTimeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<Acknowledgement[]> {
    await this.#turn(waiting.signal);
    const request = this.#nextRequest();
    const { answer } = this.#expect(request, { ...waiting, maxBytes: 0 });
    this.#send(frame(encodeRequest({ kind: 'settle', request, receipts: encodeSignedReceipts(receipts) })));
    const answered = await answer;
    if (answered.kind === 'recorded') return [...answered.recorded];
    if (answered.kind === 'block') throw this.#unasked(request);
    const refusal = refusalOfBody(answered.status, parseRefusal(answered.body));
    throw new ClientError(
      'ANSWER_INVALID',
      `${this.#options.peer} did not take the receipts: ${refusal.message}`,
      {
        values: { ...refusal.values, peer: this.#options.peer, refusal: refusal.code },
        remedy: refusal.remedy,
      },
    );
  }

  /** Ends the stream; what is under way fails. */
  close(): void {
    this.#fail(this.#broken('is no longer needed'));
  }

  #wordsOf(request: number, { cid, grant, receipt }: BlockRequest): Uint8Array {
    const { lane, words } = this.#laneOf(grant);
    if (receipt !== undefined) {
      words.push(frame(encodeRequest({ kind: 'receipt', lane, receipt: encodeSignedReceipt(receipt) })));
    }
    words.push(wantOf(request, lane, cid));
    return concatBytes(...words);
  }

  #laneOf(grant: string): { lane: number; words: Uint8Array[] } {
    const known = this.#lanes.get(grant);
    if (known !== undefined) return { lane: known, words: [] };
    const lane = this.#presented % MAX_LANES;
    this.#presented += 1;
    const replaced = this.#grants[lane];
    if (replaced !== undefined) this.#lanes.delete(replaced);
    this.#grants[lane] = grant;
    this.#lanes.set(grant, lane);
    return { lane, words: [frame(encodeRequest({ kind: 'present', lane, grant: base64UrlDecode(grant) }))] };
  }

  /** Waits while as many requests as allowed are without an answer. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    while (this.#failure === undefined && this.#pending.size >= MAX_REQUESTS_IN_FLIGHT) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #nextRequest(): number {
    this.#lastRequest = (this.#lastRequest + 1) >>> 0;
    return this.#lastRequest;
  }

  #expect(request: number, waiting: Waiting): { answer: Promise<DeliveryAnswer>; pending: Pending } {
    const { promise, resolve, reject } = Promise.withResolvers<DeliveryAnswer>();
    const { signal, stallTimeoutMs, maxBytes } = waiting;
    const onAbort = (): void => this.#fail(this.#broken('is no longer needed'));
    signal?.addEventListener('abort', onAbort, { once: true });
    const silence = setTimeout(() => this.#fail(this.#stalled(stallTimeoutMs)), stallTimeoutMs);
    const end = (): void => {
      clearTimeout(silence);
      signal?.removeEventListener('abort', onAbort);
      this.#pending.delete(request);
      this.#queue.shift()?.();
    };
    const pending: Pending = {
      ...{ signal, silence, maxBytes, sentMs: performance.now(), waitedMs: undefined, hashedBytes: 0 },
      hash: this.#options.hashes ? createHash('sha256') : undefined,
      answered: (answer) => {
        end();
        resolve(answer);
      },
      failed: (error) => {
        end();
        reject(error instanceof Error ? error : new TypeError(String(error)));
      },
    };
    this.#pending.set(request, pending);
    return { answer: promise, pending };
  }

  #send(bytes: Uint8Array): void {
    try {
      this.#stream.send(bytes);
    } catch (error) {
      this.#fail(this.#broken('takes nothing', error));
    }
  }

  #onProgress(body: Uint8Array, filled: number): void {
    if (filled < BLOCK_ANSWER_HEAD_BYTES || body[0] !== MessageKind.block) return;
    const request = readUint32(body, 1);
    const pending = this.#pending.get(request);
    if (pending === undefined) throw this.#unasked(request);
    const bytes = body.length - BLOCK_ANSWER_HEAD_BYTES;
    if (bytes > pending.maxBytes) throw this.#tooLarge(bytes, pending.maxBytes);
    pending.waitedMs ??= performance.now() - pending.sentMs;
    pending.hash?.update(body.subarray(BLOCK_ANSWER_HEAD_BYTES + pending.hashedBytes, filled));
    pending.hashedBytes = filled - BLOCK_ANSWER_HEAD_BYTES;
  }

  #onFrame(body: Uint8Array): void {
    const answer = decodeAnswer(body);
    const pending = this.#pending.get(answer.request);
    if (pending === undefined) throw this.#unasked(answer.request);
    pending.answered(answer);
  }

  /** Ends the stream. Requests whose own signal aborted fail with its reason. */
  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#stream.abort(error);
    for (const { failed, signal } of [...this.#pending.values()]) {
      failed(signal?.aborted === true ? signal.reason : error);
    }
    for (const resume of this.#queue.splice(0)) resume();
  }

  #broken(what: string, cause?: unknown): ClientError {
    const { peer } = this.#options;
    return new ClientError('UNREACHABLE', `The stream is over: ${peer} ${what}.`, {
      values: { peer },
      remedy: 'Another node is used meanwhile where there is one.',
      cause,
    });
  }

  #stalled(timeoutMs: number): ClientError {
    const { peer } = this.#options;
    return new ClientError('STALLED', `${peer} stopped sending.`, {
      values: { peer, timeoutMs },
      remedy: 'Another node is used meanwhile where there is one.',
    });
  }

  #tooLarge(bytes: number, limit: number): ClientError {
    const { peer } = this.#options;
    return new ClientError('ANSWER_TOO_LARGE', `The answer of ${peer} is too long.`, {
      values: { peer, bytes, limit },
      remedy: 'Report this node: it sends more than was asked for.',
    });
  }

  #unasked(request: number): DeliveryMessageError {
    return new DeliveryMessageError('DELIVERY_ANSWER_UNASKED', 'An answer belongs to no request.', {
      values: { request },
    });
  }

  #malformed(cause: unknown): ClientError {
    const { peer } = this.#options;
    const tooLong = cause instanceof DeliveryMessageError && cause.code === 'DELIVERY_MESSAGE_TOO_LONG';
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new ClientError(
      tooLong ? 'ANSWER_TOO_LARGE' : 'ANSWER_INVALID',
      `${peer} does not keep to the protocol: ${reason}`,
      { values: { peer }, remedy: 'Report this node to its operator.', cause },
    );
  }
}

function wantOf(request: number, lane: number, cid: CID): Uint8Array {
  return frame(encodeRequest({ kind: 'want', request, lane, cid }));
}

function stateOf(standing: Standing | undefined): EdgeState {
  return { windowBytes: standing?.windowBytes, acknowledgedBytes: standing?.acknowledgedBytes };
}
