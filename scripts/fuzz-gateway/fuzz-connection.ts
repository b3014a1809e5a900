import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { below, type Random } from '../measuring/random-streams.ts';
import { AnswerReader, NotHttp, type Answer } from './answer-reader.ts';
import { codeOf, faultOf } from './answer-rules.ts';
import { rawBytes } from './raw-bytes.ts';
import type { FuzzedRequest, RequestGenerator } from './request-generator.ts';
import type { Tally } from './tally.ts';

/** Requests sent before an answer is awaited: as many as the gateway keeps waiting, and the one it answers. */
const MAX_PIPELINED = 16;
const MAX_BATCHES = 24;
const MAX_SPLITS = 4;
/** An answer that is not there by then does not come. */
const ANSWER_TIMEOUT_MS = 90_000;
const SHOWN_CHARACTERS = 400;
const FIRST_ERROR_STATUS = 400;
const SHARES = { raw: 0.06, aborted: 0.05, split: 0.05 };
/** Enough addresses on the loopback that neither ports nor allowances of one are used up. */
const CLIENT_ADDRESSES = 60_000;

export interface FuzzSurroundings {
  readonly host: string;
  readonly port: number;
  readonly requests: RequestGenerator;
  readonly tally: Tally;
}

/** Everything that one connection does, decided by its number: pipelined requests, raw bytes, or leaving early. */
export class FuzzConnection {
  readonly #surroundings: FuzzSurroundings;
  readonly #number: number;
  readonly #random: Random;
  readonly #reader = new AnswerReader();
  readonly #closed = Promise.withResolvers<'closed'>();
  #socket: Socket | undefined;
  #pending: FuzzedRequest[] = [];
  #batch: readonly FuzzedRequest[] = [];
  #raw: string | undefined;
  /** What was sent came in pieces: on a busy machine the last one may be too late. */
  #split = false;
  /** The server has said that it ends the connection. */
  #ending = false;
  /** The connection has nothing more to say to us. */
  #over = false;
  #wake = Promise.withResolvers<'answered'>();

  constructor(surroundings: FuzzSurroundings, number: number, random: Random) {
    this.#surroundings = surroundings;
    this.#number = number;
    this.#random = random;
  }

  async run(): Promise<void> {
    const kind = this.#random();
    const raw = kind < SHARES.raw;
    const leaves = !raw && kind < SHARES.raw + SHARES.aborted;
    this.#surroundings.tally.opened(raw ? 'raw' : leaves ? 'left early' : 'pipelined');
    await this.#open();
    if (raw) await this.#sendRaw();
    else if (leaves) await this.#leaveEarly();
    else await this.#sendBatches();
    this.#over = true;
    this.#socket?.destroy();
    await this.#closed.promise;
  }

  async #open(): Promise<void> {
    const { host, port } = this.#surroundings;
    const client = below(this.#random, CLIENT_ADDRESSES);
    const localAddress = `127.9.${client >> 8}.${1 + (client & 0x7f)}`;
    const socket = connect({
      host,
      port,
      noDelay: true,
      ...(process.platform === 'linux' && { localAddress }),
    });
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    // A reset is an end like any other; what it means depends on what was asked.
    socket.on('error', () => undefined);
    socket.on('end', () => this.#ended());
    socket.on('close', () => {
      this.#ended();
      this.#closed.resolve('closed');
    });
  }

  async #sendBatches(): Promise<void> {
    const batches = 1 + below(this.#random, MAX_BATCHES);
    for (let i = 0; i < batches && !this.#over; i++) {
      this.#batch = this.#draw(1 + below(this.#random, MAX_PIPELINED));
      this.#pending = [...this.#batch];
      await this.#write(this.#batch.map(({ text }) => text).join(''));
      await this.#answered();
    }
  }

  async #sendRaw(): Promise<void> {
    const { requests, tally } = this.#surroundings;
    this.#raw = rawBytes(this.#random, requests);
    tally.requests += 1;
    this.#socket?.end(Buffer.from(this.#raw, 'latin1'));
    await this.#answered();
  }

  async #leaveEarly(): Promise<void> {
    this.#batch = this.#draw(1 + below(this.#random, MAX_PIPELINED));
    this.#pending = [...this.#batch];
    const text = this.#batch.map((request) => request.text).join('');
    await this.#write(this.#random() < 0.5 ? text : text.slice(0, below(this.#random, text.length)));
    for (let turns = below(this.#random, 4); turns > 0; turns--) await turn();
    this.#over = true;
    if (this.#random() < 0.5) this.#socket?.resetAndDestroy();
  }

  #draw(count: number): FuzzedRequest[] {
    const { requests, tally } = this.#surroundings;
    tally.requests += count;
    return Array.from({ length: count }, () => requests.next(this.#random));
  }

  /** At once, or in pieces that arrive one by one. */
  async #write(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'latin1');
    const pieces = this.#random() < SHARES.split ? 1 + below(this.#random, MAX_SPLITS) : 1;
    const size = Math.ceil(bytes.length / pieces);
    this.#split = pieces > 1;
    for (let at = 0; at < bytes.length; at += size) {
      if (this.#over) return;
      this.#socket?.write(bytes.subarray(at, at + size));
      if (pieces > 1) await turn();
    }
  }

  /** Until all of a batch is answered, or the connection is over. */
  async #answered(): Promise<void> {
    const timer = setTimeout(() => {
      this.#find('no answer', ANSWER_TIMEOUT_MS);
      this.#socket?.destroy();
    }, ANSWER_TIMEOUT_MS);
    while (!this.#over && (this.#pending.length > 0 || this.#raw !== undefined)) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
    clearTimeout(timer);
  }

  #receive(bytes: Buffer): void {
    if (this.#over) return;
    this.#surroundings.tally.receivedBytes += bytes.length;
    this.#reader.push(bytes);
    this.#read(false);
  }

  #read(ended: boolean): void {
    try {
      for (;;) {
        const request = this.#pending[0];
        if (request === undefined && this.#raw === undefined && !this.#reader.midway) break;
        const answer = this.#reader.next(request?.headOnly ?? false, ended);
        if (answer === undefined) break;
        if (request === undefined && this.#raw === undefined) {
          this.#find('an answer that nobody asked for', answer.status);
          break;
        }
        this.#pending.shift();
        this.#check(answer, request);
        if (answer.headers.get('connection')?.toLowerCase() === 'close') this.#ending = true;
      }
    } catch (error) {
      if (!(error instanceof NotHttp)) throw error;
      this.#find('not HTTP', error.message);
      this.#finish();
    }
    if (this.#pending.length === 0) this.#wake.resolve('answered');
  }

  #check(answer: Answer, request: FuzzedRequest | undefined): void {
    const { tally } = this.#surroundings;
    const { status, body } = answer;
    tally.answered(status, status >= FIRST_ERROR_STATUS ? codeOf(answer) : undefined);
    const fault = faultOf(answer, request?.headOnly ?? false);
    if (fault !== undefined) this.#find(fault, request?.text ?? '');
    if (request?.expected === undefined || status >= FIRST_ERROR_STATUS) return;
    if (body.equals(request.expected)) tally.exact += 1;
    else this.#find('wrong bytes', `${status} with ${body.length} bytes`);
  }

  #ended(): void {
    if (this.#over) return;
    this.#read(true);
    if (this.#raw === undefined && this.#pending.length > 0 && !this.#ending) {
      const broken = this.#surroundings.requests.mayBreak(this.#pending[0]?.text ?? '');
      // What cannot be parsed ends the connection, also in the middle of the answer to what came before it.
      const closing = broken || this.#batch.some(({ mayClose }) => mayClose);
      const excused = closing || this.#split;
      if (this.#reader.midway && closing) this.#surroundings.tally.cutOff += 1;
      else if (this.#reader.midway || !excused)
        this.#find('the connection was ended without an answer', this.#pending.length);
    }
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#wake.resolve('answered');
  }

  #find(what: string, detail: string | number): void {
    const [asked] = this.#pending;
    const request = (this.#raw ?? asked?.text ?? '').slice(0, SHOWN_CHARACTERS);
    this.#surroundings.tally.find({
      what: `${what}: ${String(detail).slice(0, SHOWN_CHARACTERS)}`,
      connection: this.#number,
      request,
    });
  }
}
