/** The process of one download by the SDK: grants, lookup, verified blocks, receipts, the file on disk. */
import { randomBytes } from 'node:crypto';

import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';
import { serveTasks } from '../task-process/serve-tasks.ts';
import { costOf, type FetchCost } from './fetch-cost.ts';

/** What the process can be asked. */
export interface BcdnFetchTasks {
  fetch: { ask: { cid: string; marketplaceUrl: string; path: string }; answer: FetchCost };
}

serveTasks<BcdnFetchTasks>({
  fetch: async ({ cid, marketplaceUrl, path }) =>
    costOf(async () => {
      const sink = await openFileSink(path);
      await fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
    }),
});
