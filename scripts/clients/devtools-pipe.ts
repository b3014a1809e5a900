import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

import { z } from 'zod';

import { ClientCheckError } from './client-error.ts';

const NUL = 0;
/** For one command; a page may play a film meanwhile. */
const COMMAND_TIMEOUT_MS = 120_000;

const messageSchema = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown(),
  result: z.unknown(),
  error: z.object({ message: z.string() }).optional(),
});

type Params = Readonly<Record<string, unknown>>;

/** A browser driven by the DevTools protocol over two pipes: no port, and it ends with its pipes. */
export class DevtoolsPipe {
  readonly #child: ChildProcess;
  readonly #commands: Writable;
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #hear: (method: string, params: unknown) => void;
  #rest = Buffer.alloc(0);
  #lastId = 0;

  /** Starts the browser. @param hear is told every event */
  static start(
    program: string,
    args: readonly string[],
    hear: (method: string, params: unknown) => void,
  ): DevtoolsPipe {
    const child = spawn(program, [...args, '--remote-debugging-pipe'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    return new DevtoolsPipe(child, hear);
  }

  private constructor(child: ChildProcess, hear: (method: string, params: unknown) => void) {
    this.#child = child;
    this.#hear = hear;
    this.#commands = this.#child.stdio[3] as Writable;
    this.#commands.on('error', () => this.#fail('cannot be told anything'));
    (this.#child.stdio[4] as Readable).on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    this.#child.on('error', () => this.#fail('did not start'));
    this.#child.on('exit', () => this.#fail('ended'));
  }

  /** @throws ClientCheckError CLIENT_FAILED, CLIENT_TIMEOUT */
  async send(method: string, params: Params = {}, sessionId?: string): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(id, answer);
    const timer = setTimeout(() => {
      answer.reject(new ClientCheckError('CLIENT_TIMEOUT', `The browser did not answer ${method}.`));
    }, COMMAND_TIMEOUT_MS);
    this.#commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#answers.delete(id);
    }
  }

  async end(): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null)
      return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (let end = this.#rest.indexOf(NUL); end >= 0; end = this.#rest.indexOf(NUL)) {
      const text = this.#rest.toString('utf8', 0, end);
      this.#rest = this.#rest.subarray(end + 1);
      const { id, method, params, result, error } = messageSchema.parse(JSON.parse(text));
      if (method !== undefined) this.#hear(method, params);
      const answer = this.#answers.get(id ?? -1);
      if (error === undefined) answer?.resolve(result);
      else answer?.reject(new ClientCheckError('CLIENT_FAILED', `The browser refused: ${error.message}`));
    }
  }

  #fail(what: string): void {
    const error = new ClientCheckError('CLIENT_FAILED', `The browser ${what}.`);
    for (const { reject } of this.#answers.values()) reject(error);
  }
}
