/** @helia/verified-fetch with one trustless gateway and nothing else: no libp2p connections, no routers. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import { createVerifiedFetch } from '@helia/verified-fetch';

import { serveTasks } from '../../task-process/serve-tasks.ts';

let verifiedFetch;

serveTasks({
  start: async ({ gateway }) => {
    verifiedFetch = await createVerifiedFetch({
      gateways: [gateway],
      routers: [],
      allowInsecure: true,
      allowLocal: true,
      libp2pConfig: { addresses: { listen: [] }, transports: [], peerDiscovery: [], services: {} },
    });
    return {};
  },
  get: async ({ url, headers, wantBody }) => {
    const response = await verifiedFetch(url, { headers });
    const body = Buffer.from(await response.arrayBuffer());
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
      ...(wantBody === true ? { body: body.toString('base64') } : {}),
    };
  },
});
