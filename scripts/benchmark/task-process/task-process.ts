import { fork, type ChildProcess } from 'node:child_process';

import { BenchError } from '../bench-error.ts';
import type { TaskReply, TaskTable } from './task-protocol.ts';

/** What a process said last, for the error when it dies. */
const LOG_TAIL_CHARACTERS = 2_000;

/** Which process, and what to say when it fails. */
export interface TaskProgram {
  /** Its file; it calls `serveTasks`. */
  readonly path: string;
  /** As a sentence begins with it, "A process of nodes". */
  readonly name: string;
  /** What makes it easier on a busy machine, "with fewer --nodes". */
  readonly relief: string;
  readonly timeoutMs: number;
  /** Flags of Node. @default none */
  readonly execArgv?: readonly string[];
}

interface Pending<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: BenchError) => void;
}

/** A process that performs tasks; it ends with this process, whatever happens. */
export class TaskProcess<Tasks extends TaskTable<Tasks>> {
  readonly #program: TaskProgram;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending<Tasks[keyof Tasks]['answer']>>();
  readonly #exited = Promise.withResolvers<undefined>();
  #log = '';
  #lastId = 0;

  constructor(program: TaskProgram) {
    this.#program = program;
    this.#child = fork(program.path, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [...(program.execArgv ?? [])],
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#log = (this.#log + text.toString()).slice(-LOG_TAIL_CHARACTERS);
    });
    this.#child.on('message', (message) => {
      this.#onReply(message as TaskReply<Tasks>);
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#pending.values()) reject(this.#failure(`ended (${signal ?? code})`));
      this.#pending.clear();
      this.#exited.resolve(undefined);
    });
  }

  /** @throws BenchError BENCH_PROCESS_FAILED, BENCH_TIMEOUT */
  async ask<T extends keyof Tasks & string>(task: T, ask: Tasks[T]['ask']): Promise<Tasks[T]['answer']> {
    const { name, relief, timeoutMs } = this.#program;
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Tasks[keyof Tasks]['answer']>();
    this.#pending.set(id, { resolve, reject });
    const timer = setTimeout(() => {
      reject(
        new BenchError('BENCH_TIMEOUT', {
          message: `${name} did not finish "${task}" within ${timeoutMs / 1_000} s.`,
          remedy: `Run it on a quieter machine, or ${relief}.`,
          values: { task, timeoutMs },
        }),
      );
    }, timeoutMs);
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

  #onReply(reply: TaskReply<Tasks>): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    if ('answer' in reply) pending.resolve(reply.answer);
    else pending.reject(this.#failure(`could not do its task: ${reply.failure}`));
  }

  #failure(what: string): BenchError {
    return new BenchError('BENCH_PROCESS_FAILED', {
      message: `${this.#program.name} ${what}.${this.#log === '' ? '' : `\n${this.#log}`}`,
      remedy: `See its last words above; run again ${this.#program.relief} if the machine is busy.`,
    });
  }
}
