import type { Duplex } from 'node:stream';

import { packError, unpackError } from './crossing-error.ts';
import { messageInvalid, WorkerError } from './worker-error.ts';
import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, MAX_OPEN_QUESTIONS } from './worker-limits.ts';

/** Plain data: what JSON can say. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** What one side does with what the other says. Whatever comes is to be checked before it is used. */
export interface ChannelDuties {
  /** Answers a question. What is thrown crosses as an error, but MESSAGE_INVALID closes the channel. */
  answer(kind: string, question: unknown): Promise<Plain>;
  /** Hears what needs no answer. @throws WorkerError MESSAGE_INVALID, which closes the channel */
  hear(kind: string, note: unknown): void;
  /** The other side is gone, or broke the rules: `reason` says so. Called once. */
  closed(reason: WorkerError | undefined): void;
}

type Message =
  | readonly ['ask', number, string, Plain]
  | readonly ['tell', string, Plain]
  | readonly ['answer', number, Plain]
  | readonly ['refuse', number, Plain];

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

const LENGTH_BYTES = 4;

/**
 * Questions and answers between two processes over a pipe of its own (SPEC.md): frames of JSON, each with all that came up
 * in one turn of the event loop. The channel that passes connections is not used, because it waits for each of them.
 */
export class ProcessChannel {
  readonly #stream: Duplex;
  readonly #duties: ChannelDuties;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #outbox: string[] = [];
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #closed = false;

  constructor(stream: Duplex, duties: ChannelDuties) {
    this.#stream = stream;
    this.#duties = duties;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    // An error is followed by close; what it was adds nothing to the fact.
    stream.on('error', () => undefined);
    stream.once('end', () => this.close());
    stream.once('close', () => this.close());
  }

  /** @throws WorkerError CHANNEL_CLOSED, TOO_MANY_QUESTIONS; what the other side threw */
  ask(kind: string, question: Plain): Promise<unknown> {
    if (this.#closed) return Promise.reject(channelClosed());
    if (this.#waiting.size >= MAX_OPEN_QUESTIONS) return Promise.reject(tooManyQuestions());
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, { resolve, reject });
    this.#send(['ask', this.#lastId, kind, question]);
    return promise;
  }

  tell(kind: string, note: Plain): void {
    this.#send(['tell', kind, note]);
  }

  /** Ends the channel at once; open questions are refused. */
  close(reason?: WorkerError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.destroy();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const asked of waiting) asked.reject(reason ?? channelClosed());
    this.#duties.closed(reason);
  }

  #send(message: Message): void {
    if (this.#closed) return;
    // Written at once, so that what is sent is what was there when it was said.
    this.#outbox.push(JSON.stringify(message));
    if (this.#outbox.length === 1) setImmediate(() => this.#flush());
    else if (this.#outbox.length >= MAX_FRAME_MESSAGES) this.#flush();
  }

  #flush(): void {
    const messages = this.#outbox;
    this.#outbox = [];
    let text: string[] = [];
    let letters = 0;
    for (const message of messages) {
      // A letter takes at most three bytes of UTF-8.
      if (text.length > 0 && (letters + message.length) * 3 > MAX_FRAME_BYTES) {
        this.#write(text);
        [text, letters] = [[], 0];
      }
      text.push(message);
      letters += message.length;
    }
    if (text.length > 0) this.#write(text);
  }

  #write(messages: readonly string[]): void {
    if (this.#closed) return;
    const body = `[${messages.join(',')}]`;
    const bytes = Buffer.byteLength(body);
    const frame = Buffer.allocUnsafe(LENGTH_BYTES + bytes);
    frame.writeUInt32BE(bytes);
    frame.write(body, LENGTH_BYTES);
    this.#stream.write(frame);
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    try {
      for (let frame = this.#nextFrame(); frame !== undefined; frame = this.#nextFrame()) this.#open(frame);
    } catch (error) {
      this.close(error instanceof WorkerError ? error : messageInvalid('its handling failed', error));
    }
  }

  #nextFrame(): Buffer | undefined {
    if (this.#receivedBytes < LENGTH_BYTES) return undefined;
    const [first = Buffer.alloc(0)] = this.#received;
    const head = first.length >= LENGTH_BYTES ? first : this.#joined();
    const bytes = head.readUInt32BE();
    if (bytes > MAX_FRAME_BYTES) throw messageInvalid('a frame is too long');
    if (this.#receivedBytes < LENGTH_BYTES + bytes) return undefined;
    const all = this.#joined();
    const rest = all.subarray(LENGTH_BYTES + bytes);
    this.#received = rest.length === 0 ? [] : [rest];
    this.#receivedBytes = rest.length;
    return all.subarray(LENGTH_BYTES, LENGTH_BYTES + bytes);
  }

  #joined(): Buffer {
    if (this.#received.length > 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] ?? Buffer.alloc(0);
  }

  #open(frame: Buffer): void {
    let messages: unknown;
    try {
      messages = JSON.parse(frame.toString('utf8'));
    } catch (cause) {
      throw messageInvalid('a frame is no JSON', cause);
    }
    if (!Array.isArray(messages) || messages.length > MAX_FRAME_MESSAGES) {
      throw messageInvalid('a frame is no list of messages');
    }
    for (const message of messages as readonly unknown[]) {
      if (this.#closed) return;
      if (!Array.isArray(message)) throw messageInvalid('a message is no list');
      this.#attend(message as readonly unknown[]);
    }
  }

  #attend([sort, first, second, third]: readonly unknown[]): void {
    if (sort === 'tell' && typeof first === 'string') this.#duties.hear(first, second);
    else if (sort === 'ask' && isId(first) && typeof second === 'string') {
      void this.#reply(first, second, third);
    } else if ((sort === 'answer' || sort === 'refuse') && isId(first)) {
      const waiting = this.#waiting.get(first);
      if (waiting === undefined) throw messageInvalid('an answer has no question');
      this.#waiting.delete(first);
      if (sort === 'answer') waiting.resolve(second);
      else waiting.reject(unpackError(second));
    } else throw messageInvalid('a message is of no sort');
  }

  /** Never rejects. */
  async #reply(id: number, kind: string, question: unknown): Promise<void> {
    try {
      this.#send(['answer', id, await this.#duties.answer(kind, question)]);
    } catch (error) {
      if (error instanceof WorkerError && error.code === 'MESSAGE_INVALID') this.close(error);
      else this.#send(['refuse', id, { ...packError(error) }]);
    }
  }
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function channelClosed(): WorkerError {
  return new WorkerError('CHANNEL_CLOSED', 'The other process of the node is gone.', {
    remedy: 'Try again: the node begins its workers again.',
  });
}

function tooManyQuestions(): WorkerError {
  return new WorkerError('TOO_MANY_QUESTIONS', 'Too many requests wait for an answer of the node.', {
    values: { maxQuestions: MAX_OPEN_QUESTIONS },
    remedy: 'Try again in a second, or ask another node.',
  });
}
