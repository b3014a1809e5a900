import { join } from 'node:path';

import { EdgeFleet } from '../sources/edge-fleet.ts';
import { TaskProcess, type TaskProgram } from '../task-process/task-process.ts';
import type { BcdnFetchTasks } from './bcdn-fetch.ts';
import type { DeliverySetting, DeliverySystem, RunningSystem } from './delivery-system.ts';

const FETCH: TaskProgram = {
  path: join(import.meta.dirname, 'bcdn-fetch.ts'),
  name: 'The process of a download by bcdn',
  relief: 'with a smaller --mib',
  timeoutMs: 300_000,
};

/**
 * bcdn: edges with ledger and journal, grants by a real key, receipts for every byte, over HTTP or over libp2p streams
 * (TCP, Noise, yamux).
 */
export function bcdn(transport: 'http' | 'libp2p'): DeliverySystem {
  return {
    name: `bcdn-${transport}`,
    absence: async () => undefined,
    start: (setting) => startEdges(transport, setting),
  };
}

async function startEdges(
  transport: 'http' | 'libp2p',
  { file, sources, directory }: DeliverySetting,
): Promise<RunningSystem> {
  const fleet = await EdgeFleet.start(sources, file.content, join(directory, `bcdn-${transport}`));
  await fleet.prepare(Array.from({ length: sources }, () => 0));
  return {
    fetch: async (path) => {
      const process = new TaskProcess<BcdnFetchTasks>(FETCH);
      const { marketplaceUrl } = fleet;
      try {
        return await process.ask('fetch', { cid: file.root.toString(), marketplaceUrl, path, transport });
      } finally {
        await process.end();
      }
    },
    end: () => fleet.end(),
  };
}
