/** One fetch into a file, in a process of its own, so that its memory is that of nothing else. Tells the peak in JSON. */
import { randomBytes } from 'node:crypto';

import { weighBuffersWithHeap } from '../../../sdk/cli/external-memory.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';

// As the command line does.
weighBuffersWithHeap();
const [cid = '', marketplaceUrl = '', path = ''] = process.argv.slice(2);
const sink = await openFileSink(path);
const { bytes, seconds } = await fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
const peakMiB = process.resourceUsage().maxRSS / 1_024;
process.stdout.write(`${JSON.stringify({ bytes, seconds, peakMiB })}\n`);
