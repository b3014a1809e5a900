import { join } from 'node:path';

import { TaskProcess, type TaskProgram } from '../task-process/task-process.ts';
import { NginxServer } from './nginx-server.ts';
import type { SampleSite } from './sample-site.ts';
import type { ServerTasks } from './server-protocol.ts';

/** What is compared. */
export type System = 'bcdn' | 'nginx' | 'node';

/** A server that can be asked, and whose processor time can be counted. */
export interface RunningServer {
  readonly origin: string;
  readonly processId: number;
}

/** As `npm run bcdn-node` starts an edge. */
const EDGE_FLAGS = ['--max-semi-space-size=4'];
const START_TIMEOUT_MS = 60_000;

/** The servers of a comparison, each a process of its own. */
export class Servers {
  readonly #running = new Map<System, RunningServer>();
  readonly #ending: (() => Promise<void>)[] = [];

  /** @param plan `nginx`: its program; undefined where it is not installed */
  async start(
    { filesDirectory, storeDirectory }: SampleSite,
    plan: { readonly directory: string; readonly nginx: string | undefined; readonly hotBytes: number },
  ): Promise<void> {
    const { directory, nginx, hotBytes } = plan;
    const setup = {
      ...{ filesDirectory, storeDirectory, hotBytes },
      journalPath: join(directory, 'receipts.journal'),
    };
    const start = async (system: System, file: string, execArgv: readonly string[]): Promise<void> => {
      const process = new TaskProcess<ServerTasks>(programOf(system, file, execArgv));
      this.#ending.push(async () => process.end());
      this.#running.set(system, await process.ask('start', setup));
    };
    await start('bcdn', 'edge-worker.ts', EDGE_FLAGS);
    await start('node', 'bare-worker.ts', []);
    if (nginx === undefined) return;
    const server = await NginxServer.start(nginx, { filesDirectory, directory });
    this.#ending.push(async () => server.end());
    this.#running.set('nginx', server);
  }

  get origins(): string[] {
    return [...this.#running.values()].map(({ origin }) => origin);
  }

  get running(): ReadonlyMap<System, RunningServer> {
    return this.#running;
  }

  async end(): Promise<void> {
    await Promise.all(this.#ending.map(async (end) => end()));
  }
}

function programOf(system: System, file: string, execArgv: readonly string[]): TaskProgram {
  return {
    path: join(import.meta.dirname, file),
    name: `The server of ${system}`,
    relief: 'with fewer --cold',
    timeoutMs: START_TIMEOUT_MS,
    execArgv,
  };
}
