import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';

import { z } from 'zod';

import { BenchError } from '../bench-error.ts';
import { synced, type FetchCost } from './fetch-cost.ts';

const PROGRAM = 'aria2c';
/** For the control port to open, and for one answer on it. */
const CONTROL_TIMEOUT_MS = 20_000;
const CONTROL_RETRY_MS = 20;
/** In which Linux counts the processor time of a process (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** No settings of this machine's user, no strangers, no limits; space is not set aside beforehand. */
const SETTINGS = [
  ...['--no-conf=true', '--quiet=true', '--interface=127.0.0.1', '--disable-ipv6=true'],
  ...['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false', '--enable-peer-exchange=false'],
  ...['--file-allocation=none', '--allow-overwrite=true', '--seed-ratio=0.0'],
];

const messageSchema = z.object({
  id: z.string().nullish(),
  method: z.string().optional(),
  result: z.unknown(),
  error: z.object({ message: z.string() }).optional(),
});

/** One `aria2c`, told what to do through its control port; it ends with this process. */
export class Aria2Daemon {
  readonly #child: ChildProcess;
  readonly #control: WebSocket;
  readonly #secret: string;
  readonly #answers = new Map<string, PromiseWithResolvers<unknown>>();
  readonly #completed = Promise.withResolvers<void>();
  #lastId = 0;

  /**
   * @param listenPort where it takes peers
   * @throws BenchError BENCH_PROCESS_FAILED
   */
  static async start(listenPort: number, directory: string): Promise<Aria2Daemon> {
    const secret = randomBytes(16).toString('hex');
    const controlPort = await freePort();
    const child = spawn(
      PROGRAM,
      [
        ...SETTINGS,
        ...['--enable-rpc=true', `--rpc-listen-port=${controlPort}`, `--rpc-secret=${secret}`],
        ...[`--listen-port=${listenPort}`, `--dir=${directory}`, `--stop-with-process=${process.pid}`],
      ],
      { stdio: 'ignore' },
    );
    const control = await openControl(`ws://127.0.0.1:${controlPort}/jsonrpc`, child);
    return new Aria2Daemon(child, control, secret);
  }

  private constructor(child: ChildProcess, control: WebSocket, secret: string) {
    this.#child = child;
    this.#control = control;
    this.#secret = secret;
    control.addEventListener('message', ({ data }) => {
      this.#hear(String(data));
    });
    child.on('exit', () => {
      const failure = failed('ended before its work was done');
      for (const { reject } of this.#answers.values()) reject(failure);
      this.#completed.reject(failure);
    });
    // Whoever waits for the end hears of a failure; nobody has to.
    this.#completed.promise.catch(() => undefined);
  }

  /** @throws BenchError BENCH_PROCESS_FAILED, BENCH_TIMEOUT */
  async call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    this.#lastId += 1;
    const id = String(this.#lastId);
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(id, answer);
    const timer = setTimeout(() => {
      answer.reject(timedOut(`answer "${method}"`));
    }, CONTROL_TIMEOUT_MS);
    const request = {
      jsonrpc: '2.0',
      id,
      method: `aria2.${method}`,
      params: [`token:${this.#secret}`, ...params],
    };
    this.#control.send(JSON.stringify(request));
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#answers.delete(id);
    }
  }

  /** Resolves when the one download that it was given is complete. @throws BenchError BENCH_PROCESS_FAILED */
  completed(): Promise<void> {
    return this.#completed.promise;
  }

  /** What the process took since `begin`, as Linux counts it. @param path of the file, for which the disk is waited for */
  async cost(
    begin: { readonly atMs: number; readonly cpuSeconds: number },
    path: string,
  ): Promise<FetchCost> {
    const seconds = (performance.now() - begin.atMs) / 1_000;
    const { cpuSeconds, peakMemoryMb } = await this.usage();
    await synced(path);
    const syncedSeconds = (performance.now() - begin.atMs) / 1_000;
    return { seconds, syncedSeconds, cpuSeconds: cpuSeconds - begin.cpuSeconds, peakMemoryMb };
  }

  async usage(): Promise<{ readonly cpuSeconds: number; readonly peakMemoryMb: number }> {
    const folder = `/proc/${this.#child.pid}`;
    const [stat, status] = await Promise.all([
      readFile(`${folder}/stat`, 'utf8'),
      readFile(`${folder}/status`, 'utf8'),
    ]);
    // The name of the program stands in brackets and may have spaces; user and system time are 12th and 13th after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const peakKib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
    return { cpuSeconds: ticks / TICKS_PER_SECOND, peakMemoryMb: (peakKib * 1_024) / 1e6 };
  }

  async end(): Promise<void> {
    this.#control.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #hear(text: string): void {
    const { id, method, result, error } = messageSchema.parse(JSON.parse(text));
    if (method === 'aria2.onDownloadComplete' || method === 'aria2.onBtDownloadComplete')
      this.#completed.resolve();
    if (method === 'aria2.onDownloadError') this.#completed.reject(failed('could not download the file'));
    const answer = this.#answers.get(id ?? '');
    if (error !== undefined) answer?.reject(failed(`refused: ${error.message}`));
    else answer?.resolve(result);
  }
}

/** Why aria2 cannot take part, or undefined. */
export async function aria2Absence(): Promise<string | undefined> {
  const found = await new Promise<boolean>((resolve) => {
    const child = spawn(PROGRAM, ['--version'], { stdio: 'ignore' });
    child.on('error', () => {
      resolve(false);
    });
    child.on('exit', (code) => {
      resolve(code === 0);
    });
  });
  return found ? undefined : `the program ${PROGRAM} is not installed; install Debian's package aria2`;
}

/** A port that is free now. aria2 cannot be told to choose one and say which. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function openControl(url: string, child: ChildProcess): Promise<WebSocket> {
  const untilMs = performance.now() + CONTROL_TIMEOUT_MS;
  let absent: unknown;
  child.on('error', (error) => {
    absent = error;
  });
  while (performance.now() < untilMs) {
    if (absent !== undefined || child.exitCode !== null) throw failed('did not start', absent);
    const socket = new WebSocket(url);
    const opened = await new Promise<boolean>((resolve) => {
      socket.addEventListener('open', () => {
        resolve(true);
      });
      socket.addEventListener('error', () => {
        resolve(false);
      });
    });
    if (opened) return socket;
    await new Promise((resolve) => setTimeout(resolve, CONTROL_RETRY_MS));
  }
  child.kill('SIGKILL');
  throw timedOut('open its control port');
}

function failed(what: string, cause?: unknown): BenchError {
  return new BenchError('BENCH_PROCESS_FAILED', {
    message: `${PROGRAM} ${what}.`,
    remedy: `Try what it does here by hand; ${PROGRAM} --version tells whether it works.`,
    cause,
  });
}

function timedOut(what: string): BenchError {
  return new BenchError('BENCH_TIMEOUT', {
    message: `${PROGRAM} did not ${what} within ${CONTROL_TIMEOUT_MS / 1_000} s.`,
    remedy: 'Run it on a quieter machine.',
  });
}
