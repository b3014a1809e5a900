import { WORKER_START_MS } from '../player-limits.ts';
import type { EnginePort } from './engine-messages.ts';

/** An engine that runs, and how to end it. */
export interface RunningEngine {
  readonly port: EnginePort;
  /** Where blocks are verified: beside the page, or in it, where the page's policy allows no worker. */
  readonly thread: 'worker' | 'page';
  end(): void;
}

/** What the worker's module exports when a page loads it itself. */
interface EngineModule {
  serveEngine(port: EnginePort): void;
}

/**
 * Starts the engine in a worker. A worker from another origin is started through a module of one line, which needs
 * `worker-src blob:`; a page whose policy forbids that runs the engine itself.
 * @param url of `viewer-worker.js`
 */
export async function startEngine(url: URL, inPage = false): Promise<RunningEngine> {
  if (!inPage) {
    const worker = await startWorker(url);
    if (worker !== undefined) return { port: worker, thread: 'worker', end: () => worker.terminate() };
  }
  const { port1, port2 } = new MessageChannel();
  const module = (await import(/* @vite-ignore */ url.href)) as EngineModule;
  module.serveEngine(port2);
  return {
    port: port1,
    thread: 'page',
    end: () => {
      port1.close();
      port2.close();
    },
  };
}

async function startWorker(url: URL): Promise<Worker | undefined> {
  const shim = url.origin === location.origin ? undefined : shimOf(url);
  try {
    const worker = new Worker(shim ?? url, { type: 'module', name: 'bcdn-viewer' });
    return (await starts(worker)) ? worker : undefined;
  } catch (error) {
    // The page's policy forbids the worker.
    if (error instanceof DOMException) return undefined;
    throw error;
  } finally {
    if (shim !== undefined) URL.revokeObjectURL(shim);
  }
}

function shimOf(url: URL): string {
  return URL.createObjectURL(new Blob([`import ${JSON.stringify(url.href)};`], { type: 'text/javascript' }));
}

/** Waits for the first sign of life. */
async function starts(worker: Worker): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), WORKER_START_MS);
  worker.addEventListener('error', () => resolve(false), { once: true });
  worker.addEventListener('message', () => resolve(true), { once: true });
  const started = await promise;
  clearTimeout(timer);
  if (!started) worker.terminate();
  return started;
}
