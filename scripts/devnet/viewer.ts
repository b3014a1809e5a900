/**
 * One viewer as a process of its own: fetches a content with the SDK, or like any browser through the local gateway
 * of a peer, hashes what it received, and tells its progress in JSON lines.
 */
import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

import { request } from 'undici';

import { fetchContent } from '../../sdk/client/fetch-content.ts';
import type { ContentSink } from '../../sdk/client/content-sink.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { DevnetError } from './devnet-error.ts';

/** Progress is told after every so many bytes. */
const PROGRESS_BYTES = 4 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    cid: { type: 'string' },
    marketplace: { type: 'string' },
    region: { type: 'string' },
    prefer: { type: 'string' },
    gateway: { type: 'string' },
  },
});
const hash = createHash('sha256');
let receivedBytes = 0;
let toldBytes = 0;

/** Hashes what arrives and keeps nothing: the memory of a viewer does not depend on the file. */
const sink: ContentSink = {
  write(bytes) {
    hash.update(bytes);
    receivedBytes += bytes.length;
    if (receivedBytes - toldBytes < PROGRESS_BYTES) return;
    toldBytes = receivedBytes;
    say({ event: 'progress', bytes: receivedBytes });
  },
};

const details = values.gateway === undefined ? await fetchFromEdges() : await fetchFromPeer(values.gateway);
say({ event: 'done', bytes: receivedBytes, sha256: hash.digest('hex'), ...details });

async function fetchFromEdges(): Promise<Record<string, unknown>> {
  const viewerKey = randomBytes(32);
  const result = await fetchContent(
    {
      cid: required(values.cid, 'cid'),
      marketplaceUrl: required(values.marketplace, 'marketplace'),
      viewerKey,
      sink,
    },
    {
      region: values.region,
      preferredNodes: values.prefer === undefined ? undefined : [parseAddress(values.prefer)],
    },
  );
  return {
    viewerKey: nativeSecp256k1.addressOf(viewerKey),
    badBlocks: result.badBlocks.length,
    droppedNodes: result.droppedNodes,
    lookups: result.lookups,
    bytesByNode: Object.fromEntries(result.bytesByNode),
    undeliveredReceipts: result.receipts.filter(({ heldBy }) => heldBy === 'nobody').length,
  };
}

async function fetchFromPeer(gatewayUrl: string): Promise<Record<string, unknown>> {
  const { statusCode, body } = await request(`${gatewayUrl}/ipfs/${required(values.cid, 'cid')}`);
  if (statusCode !== 200) {
    throw new DevnetError('PROCESS_FAILED', `The peer answered ${statusCode}: ${await body.text()}`, {
      statusCode,
    });
  }
  for await (const bytes of body as AsyncIterable<Uint8Array>) await sink.write(bytes, receivedBytes);
  return {};
}

function required(value: string | undefined, name: string): string {
  if (value !== undefined) return value;
  throw new DevnetError('OPTION_INVALID', `--${name} is missing.`, { name });
}

function say(message: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
