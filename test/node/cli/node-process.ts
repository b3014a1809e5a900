import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../../node/cli/bcdn-node.mjs', import.meta.url));

/** Until a node that was started must serve; a loaded machine is slow. */
const READY_TIMEOUT_MS = 120_000;

/** What a finished command left. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `start --json` prints. */
export interface ReadyLine {
  readonly schema: string;
  readonly event: string;
  readonly operator: string;
  readonly peerId: string;
  readonly nid: string | null;
  readonly httpUrl: string;
  readonly multiaddrs: readonly string[];
}

/** Runs one command of the operator's command line to its end. */
export async function bcdnNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  await once(child, 'close');
  return { code: child.exitCode, stdout: stdout(), stderr: stderr() };
}

/** A command that runs until it is told to end. */
export class CommandProcess {
  readonly #child: ChildProcess;
  readonly stdout: () => string;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.stdout = collect(this.#child.stdout);
  }

  /** Waits for so many lines on standard output. */
  async printed(lines: number): Promise<void> {
    const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
    while (this.stdout().split('\n').length <= lines) {
      await once(this.#child.stdout ?? this.#child, 'data', { signal: deadline });
    }
  }

  /** Sends a signal and waits for the end. Resolves to the exit code, null if the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(this.#child, 'close');
    this.#child.kill(signal);
    await ended;
    return this.#child.exitCode;
  }
}

/** A node that runs in a process of its own. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;

  /** @param nodeFlags of the runtime, such as those of `npm run bcdn-node` */
  constructor(args: readonly string[], nodeFlags: readonly string[] = []) {
    this.#child = spawn(process.execPath, [...nodeFlags, launcher, 'start', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.stdout = collect(this.#child.stdout);
    this.stderr = collect(this.#child.stderr);
  }

  /** Waits for the line that says that the node serves. */
  async ready(): Promise<ReadyLine> {
    const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
    while (!this.stdout().includes('\n')) {
      if (this.#child.exitCode !== null) throw new TypeError(`The node ended: ${this.stderr()}`);
      const waiting =
        this.#child.stdout === null ? [] : [once(this.#child.stdout, 'data', { signal: deadline })];
      await Promise.race([...waiting, once(this.#child, 'exit', { signal: deadline })]);
    }
    return JSON.parse(this.stdout()) as ReadyLine;
  }

  /** Sends a signal and waits for the end. Resolves to the exit code, null if the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.running) {
      const ended = once(this.#child, 'close');
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode;
  }

  /** Of the process. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async exited(): Promise<number | null> {
    if (this.running) await once(this.#child, 'close');
    return this.#child.exitCode;
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
