/** Helia with bitswap over libp2p's TCP: a node that holds the blocks, or one download, in this process. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import { unixfs } from '@helia/unixfs';
import { CarBlockIterator } from '@ipld/car';
import { identify } from '@libp2p/identify';
import { multiaddr } from '@multiformats/multiaddr';
import { createHelia } from 'helia';
import { CID } from 'multiformats/cid';

import { serveTasks } from '../../task-process/serve-tasks.ts';
import { costOf } from '../fetch-cost.ts';

serveTasks({
  seed: async ({ archivePath }) => {
    const helia = await startedNode();
    const blocks = await CarBlockIterator.fromIterable(createReadStream(archivePath));
    for await (const { cid, bytes } of blocks) await helia.blockstore.put(cid, bytes);
    return { address: helia.libp2p.getMultiaddrs()[0].toString() };
  },
  fetch: async ({ cid, addresses, path }) => {
    const helia = await startedNode();
    return costOf(async () => {
      const root = CID.parse(cid);
      const sources = addresses.map((address) => multiaddr(address));
      await Promise.all(sources.map((source) => helia.libp2p.dial(source)));
      // A session asks one holder for a block; without it every connected node sends every block.
      const session = helia.blockstore.createSession(root, { providers: sources });
      await pipeline(unixfs({ blockstore: session }).cat(root), createWriteStream(path));
      return path;
    });
  },
});

/** Defaults but for what talks to strangers: TCP on the loopback interface, no routers, gateways or discovery. */
async function startedNode() {
  const node = createHelia({
    libp2p: {
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      peerDiscovery: [],
      services: { identify: identify() },
    },
    http: { delegatedRouters: [], recursiveGateways: [] },
  });
  return node.start();
}
