/** A download in a process of its own, to be killed: tells the bytes that were written in lines. */
import { randomBytes } from 'node:crypto';

import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';

const [cid = '', marketplaceUrl = '', path = ''] = process.argv.slice(2);
const sink = await openFileSink(path, { resume: true });
await fetchContent(
  { cid, marketplaceUrl, viewerKey: randomBytes(32), sink },
  { onProgress: ({ bytes }) => process.stdout.write(`${bytes}\n`) },
);
