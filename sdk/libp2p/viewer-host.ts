import type { Libp2p } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';

import { STREAM_OPEN_TIMEOUT_MS } from './delivery-limits.ts';

/** A stream's window, as nodes have it (`node/adapters/libp2p/host.ts`). */
const MAX_STREAM_WINDOW_BYTES = 1_048_576;

/** A libp2p host that dials nodes and offers nothing: a new key, no listening, no services. Stop it when done. */
export async function createViewerHost(): Promise<Libp2p> {
  return await createLibp2p({
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
    // Nodes of one machine or one data centre are reached by private addresses.
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { dialTimeout: STREAM_OPEN_TIMEOUT_MS },
    connectionMonitor: { enabled: false },
    start: true,
  });
}
