/** The process of one download by the SDK: grants, lookup, verified blocks, receipts, the file on disk. */
import { randomBytes } from 'node:crypto';

import { weighBuffersWithHeap } from '../../../sdk/cli/external-memory.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { chooseSource } from '../../../sdk/libp2p/source-choice.ts';
import { createViewerHost } from '../../../sdk/libp2p/viewer-host.ts';
import { serveTasks } from '../task-process/serve-tasks.ts';
import { costOf, type FetchCost } from './fetch-cost.ts';

/** What the process can be asked. */
export interface BcdnFetchTasks {
  fetch: {
    ask: { cid: string; marketplaceUrl: string; path: string; transport: 'http' | 'libp2p' };
    answer: FetchCost;
  };
}

// As the command line does.
weighBuffersWithHeap();
serveTasks<BcdnFetchTasks>({
  fetch: async ({ cid, marketplaceUrl, path, transport }) => {
    const http = new UndiciExchange();
    const openSource =
      transport === 'http' ? undefined : chooseSource({ http, host: await createViewerHost() }, transport);
    return costOf(async () => {
      const sink = await openFileSink(path);
      const request = { cid, marketplaceUrl, viewerKey: randomBytes(32), sink };
      await fetchContent(request, { components: { http, openSource } });
      return path;
    });
  },
});
