import { join } from 'node:path';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import type { ImportedContent } from '../../../sdk/publish/imported-content.ts';
import { TaskProcess, type TaskProgram } from '../task-process/task-process.ts';
import type { EdgeTasks } from './edge-protocol.ts';
import { EPOCH_SECONDS, GrantDesk, type OfferedEdge } from './grant-desk.ts';

const EDGE: TaskProgram = {
  path: join(import.meta.dirname, 'edge-worker.ts'),
  name: 'The process of an edge',
  relief: 'with a smaller --mib',
  timeoutMs: 60_000,
  // As edges are started (node/README.md).
  execArgv: ['--max-semi-space-size=4'],
};

interface RunningEdge extends OfferedEdge {
  readonly process: TaskProcess<EdgeTasks>;
}

/** Bytes over all edges since the fleet began. */
export interface FleetMeter {
  readonly servedBytes: number;
  readonly receiptedBytes: number;
  /** Processor time of their processes. */
  readonly cpuSeconds: number;
  /** Of that, the threads that serve. */
  readonly servingSeconds: number;
}

/** Edges in processes of their own that hold the same content, and the desk that grants them. */
export class EdgeFleet {
  readonly marketplaceUrl: string;
  readonly content: ImportedContent;
  readonly #desk: GrantDesk;
  readonly #edges: readonly RunningEdge[];

  /** @throws BenchError BENCH_PROCESS_FAILED, BENCH_TIMEOUT */
  static async start(count: number, content: ImportedContent, directory: string): Promise<EdgeFleet> {
    const desk = new GrantDesk(content.root);
    const marketplaceUrl = await desk.start();
    const processes = Array.from({ length: count }, () => new TaskProcess<EdgeTasks>(EDGE));
    try {
      const edges = await Promise.all(
        processes.map(async (process, index) => {
          const node = parseAddress(`0x${(index + 1).toString(16).padStart(40, '0')}`);
          const { origin, addresses } = await process.ask('start', {
            ...{ node, dealId: desk.dealId, market: desk.market, grantSigner: desk.signer },
            ...{ root: content.root.toString(), archivePath: content.carFile.path },
            journalPath: join(directory, `edge-${index}`, 'receipts.journal'),
            epochSeconds: EPOCH_SECONDS,
          });
          return { node, origin, addresses, process };
        }),
      );
      return new EdgeFleet({ desk, edges, content, marketplaceUrl });
    } catch (error) {
      await Promise.all(processes.map((process) => process.end()));
      await desk.stop();
      throw error;
    }
  }

  private constructor(parts: {
    desk: GrantDesk;
    edges: readonly RunningEdge[];
    content: ImportedContent;
    marketplaceUrl: string;
  }) {
    this.#desk = parts.desk;
    this.#edges = parts.edges;
    this.content = parts.content;
    this.marketplaceUrl = parts.marketplaceUrl;
  }

  /** Where each answers, in their order. */
  get origins(): readonly string[] {
    return this.#edges.map(({ origin }) => origin);
  }

  /** Only the first edges take part from now on, each with its cap in bytes a second; 0 is none. */
  async prepare(caps: readonly number[]): Promise<void> {
    const taking = this.#edges.slice(0, caps.length);
    await Promise.all(
      taking.map(({ process }, index) => process.ask('cap', { bytesPerSecond: caps[index] ?? 0 })),
    );
    this.#desk.offer(taking);
  }

  async meter(): Promise<FleetMeter> {
    const meters = await Promise.all(this.#edges.map(({ process }) => process.ask('meter', {})));
    return {
      servedBytes: meters.reduce((sum, { servedBytes }) => sum + servedBytes, 0),
      receiptedBytes: meters.reduce((sum, { receiptedBytes }) => sum + receiptedBytes, 0),
      cpuSeconds: meters.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      servingSeconds: meters.reduce((sum, { servingSeconds }) => sum + servingSeconds, 0),
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#edges.map(({ process }) => process.end()));
    await this.#desk.stop();
  }
}
