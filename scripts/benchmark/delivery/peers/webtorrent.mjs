/** WebTorrent over TCP: a seed, or one download, in this process. */
import './loopback-only.mjs';

import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import WebTorrent from 'webtorrent';

import { serveTasks } from '../../task-process/serve-tasks.ts';
import { costOf } from '../fetch-cost.ts';

/** Defaults but for what talks to strangers: no DHT, tracker, local discovery, peer exchange, port mapping, uTP. */
const CLIENT = {
  dht: false,
  tracker: false,
  lsd: false,
  utPex: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
};

serveTasks({
  seed: async ({ filePath, torrentPath }) => {
    const client = await listening();
    const torrent = client.add(await readFile(torrentPath), { path: dirname(filePath) });
    if (!torrent.done) await once(torrent, 'done');
    return { address: `127.0.0.1:${client.torrentPort}` };
  },
  fetch: async ({ torrentPath, addresses, path }) => {
    const client = await listening();
    const description = await readFile(torrentPath);
    const directory = dirname(path);
    let written = '';
    const cost = await costOf(async () => {
      const torrent = client.add(description, { path: directory });
      const done = once(torrent, 'done');
      await once(torrent, 'ready');
      for (const address of addresses) torrent.addPeer(address);
      await done;
      written = join(directory, basename(torrent.name));
      return written;
    });
    await rename(written, path);
    return cost;
  },
});

async function listening() {
  const client = new WebTorrent(CLIENT);
  if (!client.listening) await once(client, 'listening');
  return client;
}
