import type { Stream } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';

import {
  encodeBlockHead,
  encodeRecorded,
  encodeRefused,
  type Standing,
} from '../../../sdk/libp2p/delivery-answers.ts';
import {
  IDLE_STREAM_MS,
  MAX_REQUEST_MESSAGE_BYTES,
  MAX_REQUESTS_IN_FLIGHT,
} from '../../../sdk/libp2p/delivery-limits.ts';
import { DeliveryMessageError } from '../../../sdk/libp2p/delivery-protocol.ts';
import { decodeRequest, type DeliveryRequest } from '../../../sdk/libp2p/delivery-requests.ts';
import { frame, frameLength, FrameReader } from '../../../sdk/libp2p/frames.ts';
import { concatBytes } from '../../../sdk/protocol/bytes.ts';
import { errorBody } from '../../../sdk/protocol/http.ts';
import type { DeliveryDesk, OpenGrant, TransferLeave } from '../delivery-desk/delivery-desk.ts';
import { ownedBytes } from '../../core/storage/borrowed-block.ts';
import { blockPieces, type BorrowBlock } from '../http/block-pieces.ts';
import { asGatewayError, GatewayError } from '../http/gateway-error.ts';
import type { SendingMemory } from '../http/sending-memory.ts';
import { DeliveryLanes } from './delivery-lanes.ts';
import { FIRST_SLICE_BYTES, SLICE_BYTES, SLICE_TIMEOUT_MS } from './delivery-server-limits.ts';
import type { PaidBlocks } from './paid-blocks.ts';
import { untilTaken } from './stream-backpressure.ts';

export interface DeliverySessionComponents {
  readonly desk: DeliveryDesk;
  readonly blocks: PaidBlocks;
  /** Of all streams together. */
  readonly memory: SendingMemory;
  /** Whether nothing new is served. */
  readonly draining: () => boolean;
  /** Called with what nobody foresaw, and with what ended a stream. */
  readonly onFailure: (error: unknown) => void;
}

export interface DeliverySessionOptions {
  /** @default 30 s for each slice */
  readonly slowClientTimeoutMs?: number;
  /** @default 65 s */
  readonly idleMs?: number;
}

type Want = Extract<DeliveryRequest, { kind: 'want' }>;
type Settle = Extract<DeliveryRequest, { kind: 'settle' }>;

/** One stream of a client that fetches blocks for grants (`sdk/libp2p/SPEC.md`). */
export class DeliverySession {
  readonly #stream: Stream;
  readonly #components: DeliverySessionComponents;
  readonly #slowClientTimeoutMs: number;
  readonly #idleMs: number;
  readonly #lanes: DeliveryLanes;
  /** Numbers of requests without an answer. */
  readonly #owed = new Set<number>();
  readonly #ended = Promise.withResolvers<undefined>();
  #nothingOwed = Promise.withResolvers<undefined>();
  #sending: Promise<void> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(stream: Stream, components: DeliverySessionComponents, options: DeliverySessionOptions = {}) {
    this.#stream = stream;
    this.#components = components;
    this.#slowClientTimeoutMs = options.slowClientTimeoutMs ?? SLICE_TIMEOUT_MS;
    this.#idleMs = options.idleMs ?? IDLE_STREAM_MS;
    this.#lanes = new DeliveryLanes(components.desk);
  }

  /** Serves until the stream ends. Never rejects. */
  async run(): Promise<void> {
    const stream = this.#stream;
    const reader = new FrameReader(
      { onFrame: (body) => this.#onMessage(decodeRequest(body)) },
      { maxBytes: MAX_REQUEST_MESSAGE_BYTES },
    );
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const part of data instanceof Uint8Array ? [data] : data) reader.push(part);
      } catch (error) {
        this.abort(error);
      }
    });
    stream.addEventListener('remoteCloseWrite', () => this.#rest());
    stream.addEventListener('close', () => this.#ended.resolve(undefined));
    this.#rest();
    await this.#ended.promise;
    clearTimeout(this.#idle);
    await this.#sending;
  }

  /** Resolves when nothing is owed any more, or the stream has ended. */
  async drained(): Promise<void> {
    if (this.#owed.size > 0) await Promise.race([this.#nothingOwed.promise, this.#ended.promise]);
  }

  abort(reason: unknown): void {
    this.#components.onFailure(reason);
    this.#stream.abort(reason instanceof Error ? reason : new TypeError(String(reason)));
  }

  #onMessage(message: DeliveryRequest): void {
    if (message.kind === 'present') return this.#lanes.present(message.lane, message.grant);
    if (message.kind === 'receipt') return this.#lanes.credit(message.lane, message.receipt);
    if (this.#owed.size >= MAX_REQUESTS_IN_FLIGHT || this.#owed.has(message.request)) throw exceeded();
    this.#owed.add(message.request);
    clearTimeout(this.#idle);
    void (message.kind === 'want' ? this.#serve(message) : this.#settle(message));
  }

  /** Never rejects. */
  async #serve({ request, lane, cid }: Want): Promise<void> {
    let open: OpenGrant | undefined;
    try {
      if (this.#components.draining()) throw drainingError();
      open = await this.#lanes.openOf(lane);
      const bytes = await this.#components.blocks.locate(cid, open.grant.contentRoot);
      const leave = await this.#lanes.reserve(lane, open, bytes);
      await this.#inTurn({ request, open, cid, bytes, leave });
    } catch (error) {
      this.#refuse(request, open, error);
    }
    this.#answered(request);
  }

  async #settle({ request, receipts }: Settle): Promise<void> {
    try {
      const answers = await this.#components.desk.takeReceipts(receipts);
      const recorded = answers.flatMap((answer) =>
        'durableBytes' in answer ? [{ grantHash: answer.grantHash, bytes: answer.durableBytes }] : [],
      );
      const refused = answers.find((answer) => 'error' in answer);
      if (recorded.length === 0 && refused !== undefined) throw refused.error;
      this.#send(frame(encodeRecorded(request, recorded)));
    } catch (error) {
      this.#refuse(request, undefined, error);
    }
    this.#answered(request);
  }

  /** One block of a stream is read and sent at a time: so a slow client holds one. */
  #inTurn(delivery: Delivery): Promise<void> {
    const sent = this.#sending.then(() => this.#deliver(delivery));
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  /** Sends a block and settles its leave, whatever happens. @throws what reading throws before the first byte */
  async #deliver({ request, open, cid, bytes, leave }: Delivery): Promise<void> {
    const sent = { sentBytes: 0, complete: false };
    let begun = false;
    try {
      if (this.#stream.status !== 'open') throw clientGone();
      // For good: a stream keeps what it was given until it has encrypted it, and does not say when.
      const borrow: BorrowBlock = async (block, { start, end }) => {
        const whole = await this.#components.blocks.read(block);
        return ownedBytes(whole.subarray(start, end + 1), whole.length);
      };
      const head = encodeBlockHead(request, standingOf(open));
      let before = concatBytes(frameLength(head.length + bytes), head);
      const source = { borrow, memory: this.#components.memory };
      for await (const piece of blockPieces(source, cid, { start: 0, end: bytes - 1 })) {
        begun = true;
        for (const slice of slicesOf(piece, before.length > 0)) {
          sent.sentBytes += slice.length;
          this.#send(before.length > 0 ? concatBytes(before, slice) : slice);
          before = NOTHING;
          await untilTaken(this.#stream, this.#slowClientTimeoutMs);
        }
      }
      // A block without bytes is its head.
      if (before.length > 0) this.#send(before);
      sent.complete = sent.sentBytes === bytes;
      if (!sent.complete) throw blockChanged(cid);
    } catch (error) {
      if (!begun) throw error;
      this.abort(error);
    } finally {
      leave.settle(sent);
    }
  }

  #refuse(request: number, open: OpenGrant | undefined, error: unknown): void {
    if (this.#stream.status !== 'open') return;
    const known = asGatewayError(error);
    if (known === undefined) this.#components.onFailure(error);
    const told = known ?? mistake();
    const standing = open === undefined ? undefined : standingOf(open);
    this.#send(frame(encodeRefused(request, { status: told.status, body: errorBody(told), standing })));
  }

  /** What a client does not read piles up only as far as it has asked: blocks are sent in turn, the rest is small. */
  #send(bytes: Uint8Array): void {
    if (this.#stream.status === 'open') this.#stream.send(bytes);
  }

  #answered(request: number): void {
    this.#owed.delete(request);
    if (this.#owed.size > 0) return;
    this.#nothingOwed.resolve(undefined);
    this.#nothingOwed = Promise.withResolvers();
    this.#rest();
  }

  /** Nothing is owed: a client that wants no more is let go, at once or after a while. */
  #rest(): void {
    clearTimeout(this.#idle);
    if (this.#owed.size > 0 || this.#stream.status !== 'open') return;
    if (this.#stream.remoteWriteStatus === 'closed') {
      this.#stream
        .close({ signal: AbortSignal.timeout(this.#slowClientTimeoutMs) })
        .catch((error: unknown) => {
          this.abort(error);
        });
      return;
    }
    this.#idle = setTimeout(() => this.abort(idleTooLong(this.#idleMs)), this.#idleMs);
  }
}

const NOTHING = new Uint8Array(0);

/** Slices to hand to the connection; the first one is short where it is copied behind the head of the answer. */
function* slicesOf(piece: Uint8Array, isFirst: boolean): Generator<Uint8Array> {
  const first = isFirst ? FIRST_SLICE_BYTES : 0;
  if (first > 0) yield piece.subarray(0, first);
  for (let at = first; at < piece.length; at += SLICE_BYTES) yield piece.subarray(at, at + SLICE_BYTES);
}

/** A block on its way, its bytes set aside. */
interface Delivery {
  readonly request: number;
  readonly open: OpenGrant;
  readonly cid: CID;
  readonly bytes: number;
  readonly leave: TransferLeave;
}

function standingOf({ standing }: OpenGrant): Standing {
  const { windowBytes, servedBytes, durableBytes } = standing;
  return { windowBytes, servedBytes, acknowledgedBytes: durableBytes };
}

function exceeded(): DeliveryMessageError {
  return new DeliveryMessageError(
    'DELIVERY_REQUESTS_EXCEEDED',
    'A client has asked for more at once than it may.',
    { values: { max: MAX_REQUESTS_IN_FLIGHT } },
  );
}

function drainingError(): GatewayError {
  return new GatewayError(503, 'DRAINING', {
    message: 'The node is about to stop.',
    remedy: 'Ask another node of the deal.',
  });
}

function clientGone(): GatewayError {
  return new GatewayError(499, 'CLIENT_GONE', {
    message: 'The client left before its answer was ready.',
    remedy: 'Send the request again.',
  });
}

function blockChanged(cid: CID): GatewayError {
  return new GatewayError(404, 'BLOCK_NOT_FOUND', {
    message: 'The block went away while it was being sent.',
    values: { cid: cid.toString() },
    remedy: 'Ask another node of the deal.',
  });
}

function idleTooLong(idleMs: number): GatewayError {
  return new GatewayError(408, 'REQUEST_TIMEOUT', {
    message: 'Nothing was asked for on the stream for too long.',
    values: { idleMs },
    remedy: 'Open another stream.',
  });
}

function mistake(): GatewayError {
  return new GatewayError(500, 'INTERNAL', {
    message: 'The node made a mistake.',
    remedy: 'Ask another node; the operator finds the reason in the log.',
  });
}
