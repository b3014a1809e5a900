import { spawn, type ChildProcess } from 'node:child_process';

/** What a program that has ended left. */
export interface ProgramEnd {
  readonly exitCode: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** Programs that run now, each in a group of its own, so that one that hangs is ended with everything it started. */
export class ProgramRuns {
  readonly #running = new Set<ChildProcess>();

  /** Runs a program to its end, or until it has taken too long. */
  async run([program, ...args]: readonly [string, ...string[]], timeoutMs: number): Promise<ProgramEnd> {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#running.add(child);
    const timer = setTimeout(() => stopGroup(child), timeoutMs);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.on('error', (error) => (output += `${program} could not be started: ${error.message}\n`));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      this.#running.delete(child);
      if (signal !== null) output += `\n${program} was ended by ${signal}\n`;
      resolve({ exitCode: code ?? 1, output });
    });
    return promise;
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const child of this.#running) stopGroup(child);
  }
}

function stopGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}
