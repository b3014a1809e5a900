import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import type { LabCommandName, LabCommands, LabReply, LabRequest } from './lab-commands.ts';
import { RingLabError } from './ring-lab-error.ts';

const WORKER = join(import.meta.dirname, 'worker.ts');
const END_WITH_PARENT = join(import.meta.dirname, '../devnet/end-with-parent.mjs');
/** A process that has not answered by then never will; a ring node gives up joining after 60 s. */
const ANSWER_TIMEOUT_MS = 90_000;

interface Asked {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: RingLabError) => void;
}

/** A process of the laboratory as its parent sees it. */
export class LabProcess {
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  readonly #exited: Promise<undefined>;
  #ended = false;
  #paused = false;
  #lastId = 0;

  /** Starts the process at once; it does nothing before it is asked. */
  constructor() {
    const child = fork(WORKER, [], {
      execArgv: ['--max-semi-space-size=4', '--import', END_WITH_PARENT],
      serialization: 'advanced',
      // Its standard input ends with this process, and so does it.
      stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    });
    this.#process = child;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#exited = promise;
    child.on('message', (reply: LabReply) => this.#receive(reply));
    child.on('error', (error) => this.#failAll(error.message));
    child.on('exit', (code, signal) => {
      this.#ended = true;
      this.#failAll(`It ended with ${signal ?? code ?? 'nothing'}.`);
      resolve(undefined);
    });
  }

  /** @throws RingLabError LAB_COMMAND_FAILED, LAB_PROCESS_ENDED, LAB_TIMEOUT */
  async ask<Name extends LabCommandName>(
    name: Name,
    argument: LabCommands[Name]['argument'],
  ): Promise<LabCommands[Name]['result']> {
    if (this.#ended) throw ended(name);
    this.#lastId += 1;
    const request: LabRequest<Name> = { id: this.#lastId, name, argument };
    const { promise, resolve, reject } = Promise.withResolvers<LabCommands[Name]['result']>();
    // A worker is this same program: its answers have the type that the command declares.
    this.#asked.set(request.id, { resolve: resolve as Asked['resolve'], reject });
    const timer = setTimeout(() => reject(late(name)), ANSWER_TIMEOUT_MS);
    this.#process.send(request, (error) => {
      if (error !== null) reject(ended(name));
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(request.id);
    }
  }

  /** False once it has ended, and while it is stopped by `pause`. */
  get answers(): boolean {
    return !this.#ended && !this.#paused;
  }

  /** SIGSTOP: it does nothing at all until `resume`, and its kernel goes on accepting bytes. */
  pause(): void {
    this.#paused = true;
    this.#signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.#signal('SIGCONT');
    this.#paused = false;
  }

  /** Ends at once, whatever state it is in. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#exited;
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#ended) this.#process.kill(signal);
  }

  #receive(reply: LabReply): void {
    const asked = this.#asked.get(reply.id);
    if ('failure' in reply) {
      asked?.reject(new RingLabError('LAB_COMMAND_FAILED', reply.failure, { code: reply.code }));
    } else {
      asked?.resolve(reply.result);
    }
  }

  #failAll(reason: string): void {
    for (const { reject } of this.#asked.values()) {
      reject(new RingLabError('LAB_PROCESS_ENDED', `A process of the laboratory is gone. ${reason}`));
    }
  }
}

function ended(name: string): RingLabError {
  return new RingLabError('LAB_PROCESS_ENDED', 'The process has ended.', { name });
}

function late(name: string): RingLabError {
  return new RingLabError('LAB_TIMEOUT', 'The process did not answer in time.', { name });
}
