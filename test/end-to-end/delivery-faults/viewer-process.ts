/**
 * A viewer that fetches into a file with the SDK, in a process of its own that may be killed and limited: tells what is
 * written, and what came of it, in JSON lines. Arguments: CID, URL of the marketplace, path, milliseconds of silence
 * after which a node is dropped, and the most bytes that a file of it may have, if that is limited.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import { ClientError } from '../../../sdk/client/client-error.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';

const [cid = '', marketplaceUrl = '', path = '', stallTimeoutMs = '', fileLimitBytes] = process.argv.slice(2);

if (fileLimitBytes !== undefined)
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${fileLimitBytes}`]);

try {
  const sink = await openFileSink(path, { resume: true });
  const request = { cid, marketplaceUrl, viewerKey: randomBytes(32), sink };
  const fetched = await fetchContent(request, {
    stallTimeoutMs: Number(stallTimeoutMs),
    onProgress: ({ bytes }) => say({ event: 'progress', bytes }),
  });
  const { bytes, resumedBytes, duplicateBlocks, droppedNodes, receipts } = fetched;
  const bytesByNode = Object.fromEntries(fetched.bytesByNode);
  say({ event: 'done', bytes, resumedBytes, duplicateBlocks, droppedNodes, receipts, bytesByNode });
} catch (error) {
  if (!(error instanceof ClientError)) throw error;
  const { code, message, remedy, values } = error;
  say({ event: 'failed', code, message, remedy, values });
}

function say(message: Record<string, unknown>): void {
  const text = JSON.stringify(message, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  process.stdout.write(`${text}\n`);
}
