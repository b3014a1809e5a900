import { readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { z } from 'zod';

import { EdgeFleet } from '../sources/edge-fleet.ts';
import { Aria2Daemon, aria2Absence, freePort } from './aria2-daemon.ts';
import type { DeliverySystem, SampleFile } from './delivery-system.ts';
import type { FetchCost } from './fetch-cost.ts';
import type { TorrentTracker } from './torrent-tracker.ts';

/** How often a source is asked whether it has checked the file that it is to hold. */
const CHECK_POLL_MS = 50;
const statusSchema = z.object({ status: z.string(), seeder: z.enum(['true', 'false']).optional() });

/** BitTorrent between processes of aria2, which find each other through a tracker on this machine. */
export function aria2Torrent(tracker: TorrentTracker): DeliverySystem {
  return {
    name: 'aria2-bittorrent',
    absence: aria2Absence,
    start: async ({ file, sources }) => {
      const seeds: Aria2Daemon[] = [];
      const end = async (): Promise<void> => {
        await Promise.all(seeds.map((seed) => seed.end()));
      };
      const torrent = (await readFile(file.torrentPath)).toString('base64');
      try {
        const ports: number[] = [];
        for (let source = 0; source < sources; source++) {
          const port = await freePort();
          const seed = await Aria2Daemon.start(port, dirname(file.path));
          seeds.push(seed);
          await seedOnceChecked(seed, torrent);
          ports.push(port);
        }
        tracker.name(ports);
      } catch (error) {
        await end();
        throw error;
      }
      return {
        fetch: async (path) => {
          const written = join(dirname(path), basename(file.path));
          const cost = await fetched(written, (daemon) => daemon.call('addTorrent', torrent));
          await rename(written, path);
          return cost;
        },
        end,
      };
    },
  };
}

/** aria2 as it is, from bcdn's own gateways by ranges of plain HTTP, several connections at once. */
export const aria2Http: DeliverySystem = {
  name: 'aria2-http',
  absence: aria2Absence,
  start: async ({ file, sources, directory }) => {
    const fleet = await EdgeFleet.start(sources, file.content, join(directory, 'bcdn-for-aria2'));
    const urls = fleet.origins.map((origin) => `${origin}/ipfs/${file.root.toString()}`);
    return {
      fetch: async (path) =>
        fetched(path, (daemon) => daemon.call('addUri', urls, httpOptions(file, path, sources))),
      end: () => fleet.end(),
    };
  },
};

/** One connection to each source; the file is checked as a whole, as the others check their pieces. */
function httpOptions(file: SampleFile, path: string, sources: number): Record<string, string> {
  return {
    out: basename(path),
    split: String(sources),
    'max-connection-per-server': String(Math.min(sources, 16)),
    'min-split-size': '1M',
    checksum: `sha-256=${file.sha256}`,
  };
}

/** Makes a process of aria2 download a file, and tells what it took. */
async function fetched(path: string, order: (daemon: Aria2Daemon) => Promise<unknown>): Promise<FetchCost> {
  const daemon = await Aria2Daemon.start(await freePort(), dirname(path));
  try {
    const { cpuSeconds } = await daemon.usage();
    const begin = { atMs: performance.now(), cpuSeconds };
    await order(daemon);
    await daemon.completed();
    return await daemon.cost(begin, path);
  } finally {
    await daemon.end();
  }
}

async function seedOnceChecked(seed: Aria2Daemon, torrent: string): Promise<void> {
  const gid = await seed.call('addTorrent', torrent, [], { 'check-integrity': 'true' });
  for (;;) {
    const status = statusSchema.parse(await seed.call('tellStatus', gid, ['status', 'seeder']));
    if (status.status === 'active' && status.seeder === 'true') return;
    await new Promise((resolve) => setTimeout(resolve, CHECK_POLL_MS));
  }
}
