import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'fault-proxy-process.ts');

/** What is done to the answers of an edge. */
export type Fault =
  | { readonly kind: 'none' }
  /** All connections together. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Connections stay, nothing comes. */
  | { readonly kind: 'silent' }
  /** Every connection is reset, and each new one. */
  | { readonly kind: 'cut' }
  /** A byte of every block is changed. */
  | { readonly kind: 'corrupt' }
  /** A length of 1 MiB and a thousand bytes. */
  | { readonly kind: 'short' }
  /** An answer that never ends. */
  | { readonly kind: 'endless' }
  /** Chunks that are none. */
  | { readonly kind: 'garbage' };

/** A process that stands between viewers and an edge: the edge announces the proxy's host as its own. */
export class FaultProxy {
  readonly host: string;
  readonly #child: ChildProcess;

  /** @param host of the proxy, on which the edge's ports are free */
  static async start(
    host: string,
    edge: { readonly host: string; readonly ports: readonly number[] },
  ): Promise<FaultProxy> {
    const child = fork(PROGRAM, [host, edge.host, ...edge.ports.map(String)], { execArgv: [] });
    await once(child, 'message');
    return new FaultProxy(host, child);
  }

  private constructor(host: string, child: ChildProcess) {
    this.host = host;
    this.#child = child;
  }

  async set(fault: Fault): Promise<void> {
    const done = once(this.#child, 'message');
    this.#child.send(fault);
    await done;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
