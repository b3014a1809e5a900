import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

import { siblingProgram } from '../../../sdk/processes/sibling-program.ts';
import { ProcessChannel, type ChannelDuties } from './process-channel.ts';
import { WorkerError } from './worker-error.ts';
import { COUNTERS_TIMEOUT_MS, FORGET_TIMEOUT_MS, WORKER_END_MS, WORKER_READY_MS } from './worker-limits.ts';
import { packForgotten } from './worker-report.ts';
import { packSetup, type WorkerSetup } from './worker-setup.ts';

/** The pipe of the channel, as the worker finds it: after the standard ones and the one that passes connections. */
export const CHANNEL_FD = 4;
const MAIN = siblingProgram('worker-main', import.meta.url);

export interface WorkerDuties extends Pick<ChannelDuties, 'answer' | 'hear'> {
  /** The process has ended; whatever it had open ended with it. Called once. */
  ended(how: string): void;
}

/** One worker process, from the side of the node. */
export class WorkerProcess {
  readonly #process: ChildProcess;
  readonly #channel: ProcessChannel;
  readonly #exit: Promise<void>;
  #connections = 0;
  #ready = false;

  /** Begins the process. */
  constructor(duties: WorkerDuties) {
    this.#process = fork(MAIN, [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
      env: environmentOf(process.env),
      execArgv: memoryFlagsOf(process.execArgv),
    });
    const pipe = this.#process.stdio[CHANNEL_FD];
    if (!(pipe instanceof Duplex)) throw notReady('it has no pipe');
    let broken: WorkerError | undefined;
    this.#channel = new ProcessChannel(pipe, {
      answer: (kind, question) => duties.answer(kind, question),
      hear: (kind, note) => duties.hear(kind, note),
      closed: (reason) => {
        broken = reason;
        // A worker that broke the rules, or cannot be talked to, is of no use.
        this.#process.kill('SIGKILL');
      },
    });
    this.#exit = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#ready = false;
        this.#channel.close();
        resolve();
        duties.ended(broken === undefined ? how : broken.message);
      };
      this.#process.once('exit', (code, signal) => end(signal ?? `exit code ${code ?? -1}`));
      this.#process.once('error', (error) => end(error.message));
    });
  }

  /** 0 for one that could not be begun. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Whether connections may be handed to it. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Connections that it was handed and has not reported as ended. */
  get connections(): number {
    return this.#connections;
  }

  /** @throws WorkerError WORKER_NOT_READY, CHANNEL_CLOSED */
  async setUp(setup: WorkerSetup): Promise<void> {
    await withinMs(this.#channel.ask('setup', packSetup(setup)), WORKER_READY_MS, () =>
      this.#process.kill('SIGKILL'),
    );
    this.#ready = true;
  }

  /** Hands a connection over. */
  attend(socket: Socket): void {
    this.#connections += 1;
    this.#process.send('connection', socket, { keepOpen: false }, (error) => {
      if (error !== null) socket.destroy();
    });
  }

  connectionsEnded(count: number): void {
    this.#connections = Math.max(0, this.#connections - count);
  }

  /** Resolves when the worker has dropped the blocks from its memory, or is gone: one that does not answer is ended. */
  async forget(digests: readonly string[]): Promise<void> {
    const end = (): boolean => this.#process.kill('SIGKILL');
    const said = [...packForgotten(digests)].map((message) =>
      withinMs(this.#channel.ask('forget', message), FORGET_TIMEOUT_MS, end),
    );
    await Promise.allSettled(said);
  }

  /** What the worker has counted. @throws WorkerError CHANNEL_CLOSED, WORKER_NOT_READY if it does not answer in time */
  counters(): Promise<unknown> {
    return withinMs(this.#channel.ask('counters', null), COUNTERS_TIMEOUT_MS, () => undefined);
  }

  /** Lets transfers end, then ends the process. @returns what it has counted, undefined if it did not end by itself */
  async stop(drainMs: number): Promise<unknown> {
    this.#ready = false;
    let counters: unknown;
    try {
      const patienceMs = drainMs + WORKER_END_MS;
      counters = await withinMs(this.#channel.ask('drain', { drainMs }), patienceMs, () => undefined);
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
    }
    this.#process.kill('SIGKILL');
    await this.#exit;
    return counters;
  }
}

/** Settings and passwords of the node are none of a worker's business: it is told what it needs. */
function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('BCDN_')));
}

/** Flags that bound memory hold for every process of a node; what else the node was begun with is its own. */
function memoryFlagsOf(flags: readonly string[]): string[] {
  return flags.filter((flag) => /^--(max|external-memory|no-external)/.test(flag));
}

async function withinMs<T>(answer: Promise<T>, timeoutMs: number, onLate: () => unknown): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    onLate();
    late.reject(notReady(`no answer in ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function notReady(reason: string): WorkerError {
  return new WorkerError('WORKER_NOT_READY', `A worker process is not ready: ${reason}.`, {
    values: { reason },
    remedy:
      'It is begun again; if that goes on, start the node with fewer --workers and look at the memory left.',
  });
}
