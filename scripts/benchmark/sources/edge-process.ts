import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { BenchError } from '../bench-error.ts';
import type { EdgeReply, EdgeTask, EdgeTasks } from './edge-protocol.ts';

const WORKER = join(import.meta.dirname, 'edge-worker.ts');
const TASK_TIMEOUT_MS = 60_000;
/** What an edge said last, for the error when it dies. */
const LOG_TAIL_CHARACTERS = 2_000;

interface Pending {
  readonly resolve: (answer: EdgeTasks[EdgeTask]['answer']) => void;
  readonly reject: (error: BenchError) => void;
}

/** The process of one edge; it ends with this process, whatever happens. */
export class EdgeProcess {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #exited = Promise.withResolvers<undefined>();
  #log = '';
  #lastId = 0;

  constructor() {
    this.#child = fork(WORKER, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#log = (this.#log + text.toString()).slice(-LOG_TAIL_CHARACTERS);
    });
    this.#child.on('message', (message) => {
      this.#onReply(message as EdgeReply);
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#pending.values()) reject(this.#failure(`ended (${signal ?? code})`));
      this.#pending.clear();
      this.#exited.resolve(undefined);
    });
  }

  /** @throws BenchError BENCH_PROCESS_FAILED, BENCH_TIMEOUT */
  async ask<T extends EdgeTask>(task: T, ask: EdgeTasks[T]['ask']): Promise<EdgeTasks[T]['answer']> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<EdgeTasks[EdgeTask]['answer']>();
    this.#pending.set(id, { resolve, reject });
    const timer = setTimeout(() => {
      reject(
        new BenchError('BENCH_TIMEOUT', {
          message: `An edge did not finish "${task}" within ${TASK_TIMEOUT_MS / 1_000} s.`,
          remedy: 'Run it on a quieter machine, or with a smaller --mib.',
          values: { task, timeoutMs: TASK_TIMEOUT_MS },
        }),
      );
    }, TASK_TIMEOUT_MS);
    this.#child.send({ id, task, ask });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  /** Ends the process and waits until it is gone. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited.promise;
  }

  #onReply(reply: EdgeReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    if ('answer' in reply) pending.resolve(reply.answer);
    else pending.reject(this.#failure(`could not do its task: ${reply.failure}`));
  }

  #failure(what: string): BenchError {
    return new BenchError('BENCH_PROCESS_FAILED', {
      message: `An edge ${what}.${this.#log === '' ? '' : `\n${this.#log}`}`,
      remedy: 'See its last words above.',
    });
  }
}
