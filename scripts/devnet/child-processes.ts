import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { DevnetError } from './devnet-error.ts';

/** A process that has not said it is ready by then will not. */
const READY_TIMEOUT_MS = 120_000;
/** After SIGTERM a process may drain this long before it is killed. */
const STOP_GRACE_MS = 10_000;
const LOG_TAIL_CHARACTERS = 2_000;
/** Keeps V8 from growing its young generation to 48 MB for buffers that live elsewhere anyway. */
const SMALL_YOUNG_GENERATION = ['--max-semi-space-size=4'];
const END_WITH_PARENT = join(import.meta.dirname, 'end-with-parent.mjs');

export interface ChildCommand {
  /** Names the log file and errors: `edge-3`, `marketplace`. */
  readonly name: string;
  /** Script for this very Node, then its arguments. */
  readonly argv: readonly string[];
}

/** A JSON line that a child printed on its standard output. */
export type Message = Readonly<Record<string, unknown>>;

/** One real operating-system process that speaks JSON lines on its standard output. */
export class Child {
  readonly name: string;
  readonly logFile: string;
  readonly #process: ChildProcess;
  readonly #messages: Message[] = [];
  #output = '';
  readonly #exited: Promise<number | NodeJS.Signals>;
  #wake = Promise.withResolvers<void>();
  #ended: number | NodeJS.Signals | undefined;

  constructor(command: ChildCommand, logDir: string) {
    this.name = command.name;
    this.logFile = join(logDir, `${command.name}.log`);
    const child = spawn(
      process.execPath,
      [...SMALL_YOUNG_GENERATION, '--import', END_WITH_PARENT, ...command.argv],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        // One arena of the C allocator: with several, freed blocks of 1 MiB stay scattered and count as memory.
        env: { ...process.env, NO_COLOR: '1', MALLOC_ARENA_MAX: '1' },
      },
    );
    this.#process = child;
    const { promise, resolve } = Promise.withResolvers<number | NodeJS.Signals>();
    this.#exited = promise;
    child.stderr.pipe(createWriteStream(this.logFile, { flags: 'a' }));
    createInterface({ input: child.stdout }).on('line', (line) => this.#receive(line));
    child.on('error', (error) => this.#receive(JSON.stringify({ event: 'error', message: error.message })));
    child.on('close', (code, signal) => {
      this.#ended = signal ?? code ?? 1;
      resolve(this.#ended);
      this.#wake.resolve();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get running(): boolean {
    return this.#ended === undefined;
  }

  /**
   * First message with this `event`, past or future.
   * @throws DevnetError PROCESS_FAILED if the process ends first (with the end of its log), PROCESS_TIMEOUT
   */
  async message(event: string, timeoutMs = READY_TIMEOUT_MS): Promise<Message> {
    return this.matching((message) => message['event'] === event, { what: event, timeoutMs });
  }

  /** First message, past or future, that fulfils a condition; `what` names it in errors. Throws as `message` does. */
  async matching(
    condition: (message: Message) => boolean,
    { what, timeoutMs }: { readonly what: string; readonly timeoutMs: number },
  ): Promise<Message> {
    const timedOut = Promise.withResolvers<'timed out'>();
    const timer = setTimeout(() => timedOut.resolve('timed out'), timeoutMs);
    try {
      for (;;) {
        const found = this.#messages.find(condition);
        if (found !== undefined) return found;
        if (this.#ended !== undefined)
          throw await this.failure(`ended (${this.#ended}) before it was ${what}`);
        if ((await Promise.race([this.#wake.promise, timedOut.promise])) === 'timed out') {
          throw new DevnetError(
            'PROCESS_TIMEOUT',
            `${this.name} was not ${what} within ${timeoutMs / 1000} s.`,
            {
              name: this.name,
              timeoutMs,
            },
          );
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Everything printed on standard output so far. */
  get output(): string {
    return this.#output;
  }

  /** Exit code or the signal that ended it. */
  async exited(): Promise<number | NodeJS.Signals> {
    return this.#exited;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#process.kill(signal);
  }

  /** Ends at once, as a power cut would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** Lets the process drain, and kills it if it does not end. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_GRACE_MS);
    const ended = await this.#exited;
    clearTimeout(timer);
    return ended;
  }

  #receive(line: string): void {
    this.#output += `${line}\n`;
    const message = parseJson(line);
    if (typeof message !== 'object' || message === null) return;
    this.#messages.push(message as Message);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** The error that says how this process failed, with the end of its log. */
  async failure(what: string): Promise<DevnetError> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    const tail = log.slice(-LOG_TAIL_CHARACTERS).trim();
    return new DevnetError('PROCESS_FAILED', `${this.name} ${what}.${tail === '' ? '' : `\n${tail}`}`, {
      name: this.name,
      logFile: this.logFile,
    });
  }
}

/** Every process that the network started, so that none is left behind. */
export class ChildProcesses {
  readonly #logDir: string;
  #children: Child[] = [];

  constructor(logDir: string) {
    this.#logDir = logDir;
  }

  start(command: ChildCommand): Child {
    const child = new Child(command, this.#logDir);
    this.#children = [...this.#children.filter(({ running }) => running), child];
    return child;
  }

  /**
   * Runs a command to its end and returns the JSON document that it printed.
   * @throws DevnetError PROCESS_FAILED unless it exits with 0, PROCESS_OUTPUT_INVALID if it printed no JSON
   */
  async run(command: ChildCommand): Promise<unknown> {
    const child = this.start(command);
    const ended = await child.exited();
    if (ended !== 0) throw await child.failure(`failed (${ended})`);
    const document = parseJson(child.output);
    if (document === undefined) {
      throw new DevnetError('PROCESS_OUTPUT_INVALID', `${command.name} printed no JSON document.`, {
        name: command.name,
        output: child.output.slice(0, LOG_TAIL_CHARACTERS),
      });
    }
    return document;
  }

  /** Ends all, newest first: nodes leave before the marketplace and the chain go. */
  async stopAll(): Promise<void> {
    const byAge = this.#children.toReversed();
    const nodes = byAge.filter((child) => /^(edge|peer|viewer)/.test(child.name));
    await Promise.all(nodes.map(async (child) => child.stop()));
    for (const child of byAge) await child.stop();
  }

  /** For a second Ctrl-C: no drain. */
  killAll(): void {
    for (const child of this.#children) child.signal('SIGKILL');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Ready lines are JSON; anything else on standard output is for people and kept as text.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
