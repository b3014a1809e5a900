import type { ByteRange } from '../../client/file-walk.ts';
import type { FileFacts } from '../engine/content-view.ts';
import type { ViewSettings } from '../engine/open-view.ts';
import type { ViewReport } from '../engine/view-report.ts';
import { LINK_CREDIT_BYTES } from '../player-limits.ts';
import type { EngineMessage, EnginePort, EngineRequest, ReceiptsRequest } from './engine-messages.ts';
import { RemoteFailure } from './remote-failure.ts';

/** A piece of a file, verified unless its file says otherwise. */
export interface Chunk {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Waiting {
  readonly heard: (message: EngineMessage) => void;
  readonly failed: (error: unknown) => void;
}

/** The page's side of a connection: what a content is made of, and streams of its bytes. */
export class EngineLink {
  readonly #port: EnginePort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready = Promise.withResolvers<string>();
  readonly #onReport: (report: ViewReport) => void;
  #owed: ReceiptsRequest | undefined;
  #nextId = 0;

  /** @param onReport told how the view does, a few times a second while something changes */
  constructor(port: EnginePort, onReport: (report: ViewReport) => void) {
    this.#port = port;
    this.#onReport = onReport;
  }

  /** Begins to listen. */
  start(): void {
    this.#port.addEventListener('message', ({ data }) => this.#heard(data as EngineMessage));
    this.#port.start?.();
  }

  /** What would be unpaid if this page were closed now, a quarter of a second ago at most. */
  get owed(): ReceiptsRequest | undefined {
    return this.#owed;
  }

  /** The address of the viewer's key. Asked for only where something depends on it: to compute it takes a moment. */
  viewerKey(): Promise<string> {
    this.#say({ kind: 'hello' });
    return this.#ready.promise;
  }

  open(settings: ViewSettings): void {
    this.#say({ kind: 'open', settings });
  }

  /** @throws RemoteFailure with the code of the engine's failure */
  async file(path: string): Promise<FileFacts> {
    const answer = await this.#ask((id) => ({ kind: 'file', id, path }));
    if (answer.kind !== 'file') throw RemoteFailure.unexpected(answer.kind);
    return answer.file;
  }

  async list(path: string): Promise<readonly string[] | undefined> {
    const answer = await this.#ask((id) => ({ kind: 'list', id, path }));
    if (answer.kind !== 'list') throw RemoteFailure.unexpected(answer.kind);
    return answer.names;
  }

  /** Bytes of a file in order. Whoever leaves the loop ends the stream; slow readers slow it. */
  async *read(path: string, range?: Partial<ByteRange>, signal?: AbortSignal): AsyncGenerator<Chunk, void> {
    signal?.throwIfAborted();
    const id = this.#nextId++;
    const stream = new ChunkQueue();
    this.#waiting.set(id, stream);
    const { start = 0, end } = range ?? {};
    const stop = () => stream.failed(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    this.#say({
      ...{ kind: 'read', id, path, start, credit: LINK_CREDIT_BYTES },
      ...(end !== undefined && { end }),
    });
    try {
      for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
        const { length } = chunk.bytes;
        yield chunk;
        this.#say({ kind: 'credit', id, bytes: length });
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#waiting.delete(id);
      if (!stream.ended) this.#say({ kind: 'cancel', id });
    }
  }

  /** The bytes of a range, whole. The caller bounds it. */
  async bytes(path: string, range: ByteRange, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Chunk[] = [];
    for await (const chunk of this.read(path, range, signal)) parts.push(chunk);
    const length = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const whole = new Uint8Array(length);
    for (const { offset, bytes } of parts) whole.set(bytes, offset - range.start);
    return whole;
  }

  /** Delivers the last receipts. */
  async close(): Promise<void> {
    await this.#ask((id) => ({ kind: 'close', id }));
  }

  #ask(request: (id: number) => EngineRequest): Promise<EngineMessage> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<EngineMessage>();
    this.#waiting.set(id, { heard: resolve, failed: reject });
    this.#say(request(id));
    return promise.finally(() => this.#waiting.delete(id));
  }

  #heard(message: EngineMessage): void {
    if (message.kind === 'ready') this.#ready.resolve(message.viewerKey);
    else if (message.kind === 'report') this.#onReport(message.report);
    else if (message.kind === 'owed') this.#owed = message.request;
    else if (message.kind !== 'started') {
      const waiting = this.#waiting.get(message.id);
      if (message.kind === 'failed') waiting?.failed(new RemoteFailure(message.failure));
      else waiting?.heard(message);
    }
  }

  #say(request: EngineRequest): void {
    this.#port.postMessage(request, []);
  }
}

/** Chunks that have come and were not taken yet. Credit bounds it. */
class ChunkQueue implements Waiting {
  readonly #chunks: Chunk[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  ended = false;

  heard(message: EngineMessage): void {
    if (message.kind === 'end') this.ended = true;
    else if (message.kind === 'chunk') {
      const { offset, bytes } = message;
      this.#chunks.push({ offset, bytes: bytes as Uint8Array<ArrayBuffer> });
    }
    this.#wake?.();
  }

  failed(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  async next(): Promise<Chunk | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const chunk = this.#chunks.shift();
      if (chunk !== undefined || this.ended) return chunk;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
