import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../..');

const wei = z.string().regex(/^\d+$/).transform(BigInt);

/** The document of `npm start -- --once --json`, as a program outside the project would read it. */
const reportSchema = z.object({
  ok: z.boolean(),
  seconds: z.number(),
  chainId: z.number(),
  edges: z.number(),
  peers: z.number(),
  content: z.object({ cid: z.string(), bytes: z.number() }),
  viewers: z.number(),
  bytesDelivered: z.number(),
  bytesReceipted: z.number(),
  receiptsVerified: z.number(),
  badBlocksRejected: z.number(),
  lookups: z.object({ count: z.number(), oneHop: z.number() }),
  ring: z.object({ healedMs: z.number().nullable(), lookups: z.number(), failedLookups: z.number() }),
  operators: z.array(
    z.object({ address: z.string(), role: z.enum(['edge', 'peer']), earnedWei: wei, paidWei: wei }),
  ),
  publisher: z.object({ escrowedWei: wei, spentWei: wei, paidToPeersWei: wei, refundedWei: wei }),
  conserved: z.boolean(),
  edgePeakMemoryBytes: z.number().nullable(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), found: z.string() })),
});
export type Report = z.output<typeof reportSchema>;

/** How a network is started: as a person would, built first, or by the program that this ends in. */
const LAUNCHES = {
  'npm start': ['npm', 'start', '--'],
  program: [process.execPath, '--import', './scripts/setup/require-node.mjs', 'scripts/devnet/main.ts'],
} as const;

/** A run of a whole network. */
export class NetworkCommand {
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(launch: keyof typeof LAUNCHES, ...flags: string[]) {
    const [program, ...args] = LAUNCHES[launch];
    this.#process = spawn(program, [...args, ...flags], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Exit code, once all output has been read. */
  async ended(): Promise<number | null> {
    if (this.#process.exitCode !== null) return this.#process.exitCode;
    const [code] = (await once(this.#process, 'close')) as [number | null];
    return code;
  }

  /** The only thing on standard output. */
  async report(): Promise<Report> {
    const code = await this.ended();
    try {
      return reportSchema.parse(JSON.parse(this.#stdout));
    } catch (cause) {
      throw new AssertionFailure(`no report (exit code ${code}); it said:\n${this.#stderr.slice(-4_000)}`, {
        cause,
      });
    }
  }

  /** Resolves when standard error says something. */
  async said(text: string): Promise<void> {
    while (!this.#stderr.includes(text)) {
      if (this.#process.exitCode !== null)
        throw new AssertionFailure(`it ended before it said "${text}":\n${this.#stderr}`);
      await once(this.#process.stderr ?? this.#process, 'data');
    }
  }
}

class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Command lines of the processes that name a path: what a network left behind. */
export async function processesNaming(path: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  return stdout.split('\n').filter((line) => line.includes(path) && !line.includes('ps -eo'));
}

/** Ends a process that must not survive the test, gently or not. */
export function endByPid(pid: number, signal: NodeJS.Signals): void {
  process.kill(pid, signal);
}
