import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { DEFAULT_MAX_CONNECTIONS } from '../http/gateway-limits.ts';
import type { Gateway } from '../http/gateway.ts';
import { listen } from '../http/listening.ts';
import type { NodeSide } from './node-side.ts';
import { parseCounters, WorkerCounters } from './worker-counters.ts';
import { MAX_WAITING_CONNECTIONS } from './worker-limits.ts';
import { WorkerPlace } from './worker-place.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { WorkerSetup } from './worker-setup.ts';

export interface GatewayPoolComponents {
  /** Listens on the unix socket that workers forward to. */
  readonly inner: Gateway;
  readonly node: NodeSide;
}

export interface GatewayPoolOptions {
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  /** Of the node, over all workers. @default 2,000 */
  readonly maxConnections?: number;
  readonly setup: WorkerSetup;
}

/** The worker processes of a node at one moment. */
export interface PoolStanding {
  readonly wanted: number;
  /** Those that serve now. */
  readonly serving: number;
  /** Times that a worker was begun again. */
  readonly restarts: number;
  /** Of clients, over all workers. */
  readonly connections: number;
  readonly processes: { readonly pid: number; readonly connections: number }[];
}

/**
 * One port, several processes: the node accepts connections and hands each to the worker with the fewest (README.md
 * beside this file). A worker that dies is begun again; the others go on.
 */
export class GatewayPool implements Gateway {
  readonly #components: GatewayPoolComponents;
  readonly #options: GatewayPoolOptions;
  readonly #counters = new WorkerCounters();
  readonly #waiting = new Set<Socket>();
  #places: readonly WorkerPlace[] = [];
  #server: Server | undefined;
  #next = 0;
  #stopped: Promise<void> | undefined;

  constructor(components: GatewayPoolComponents, options: GatewayPoolOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** @throws GatewayStartError; WorkerError WORKER_NOT_READY */
  async start(): Promise<{ host: string; port: number }> {
    const { host, port, workers, setup } = this.#options;
    await this.#components.inner.start();
    this.#places = Array.from(
      { length: workers },
      (_, index) =>
        new WorkerPlace(
          { node: this.#components.node, setup },
          {
            ready: () => this.#serveWaiting(),
            counters: (told) => this.#counters.note(index, parseCounters(told)),
            ended: () => this.#counters.end(index),
          },
        ),
    );
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(socket));
    try {
      await Promise.all(this.#places.map((place) => place.start()));
      await listen(server, { host, port }, { host, port });
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    this.#server = server;
    return { host, port: (server.address() as AddressInfo).port };
  }

  stop(drainMs = 5_000): Promise<void> {
    this.#stopped ??= this.#stop(drainMs);
    return this.#stopped;
  }

  async #stop(drainMs: number): Promise<void> {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#waiting) socket.destroy();
    await Promise.all(this.#places.map((place) => place.stop(drainMs)));
    await this.#components.inner.stop(drainMs);
  }

  /**
   * Drops blocks from the memory of every worker: what is removed from the store must not be served any more.
   * @param digests in hexadecimal @returns when no worker has them in memory
   */
  async forget(digests: readonly string[]): Promise<void> {
    await Promise.all(this.#running().map((worker) => worker.forget(digests)));
  }

  standing(): PoolStanding {
    const serving = this.#running();
    return {
      wanted: this.#options.workers,
      serving: serving.length,
      restarts: this.#places.reduce((sum, { restarts }) => sum + restarts, 0),
      connections: this.#connections,
      processes: serving.map(({ pid, connections }) => ({ pid, connections })),
    };
  }

  /** What all workers have counted until now; of one that does not answer, what it told last. */
  async collect(): Promise<WorkerCounters> {
    await Promise.all(this.#places.map((place) => place.tellCounters()));
    return this.#counters;
  }

  get #connections(): number {
    return this.#running().reduce((sum, { connections }) => sum + connections, this.#waiting.size);
  }

  #running(): WorkerProcess[] {
    return this.#places.flatMap(({ worker }) => (worker === undefined ? [] : [worker]));
  }

  #accept(socket: Socket): void {
    const { maxConnections = DEFAULT_MAX_CONNECTIONS } = this.#options;
    if (this.#connections >= maxConnections) socket.destroy();
    else if (!this.#hand(socket)) this.#wait(socket);
  }

  /** To the worker with the fewest connections; among equals in turn. @returns false if no worker is ready */
  #hand(socket: Socket): boolean {
    const running = this.#running();
    this.#next += 1;
    let chosen: WorkerProcess | undefined;
    for (let at = 0; at < running.length; at++) {
      const worker = running[(this.#next + at) % running.length];
      if (worker !== undefined && worker.connections < (chosen?.connections ?? Infinity)) chosen = worker;
    }
    chosen?.attend(socket);
    return chosen !== undefined;
  }

  /** All workers are being begun again. */
  #wait(socket: Socket): void {
    if (this.#waiting.size >= MAX_WAITING_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    // What goes wrong with a connection is followed by its close.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#waiting.delete(socket));
  }

  #serveWaiting(): void {
    for (const socket of this.#waiting) {
      if (!this.#hand(socket)) return;
      this.#waiting.delete(socket);
    }
  }
}
