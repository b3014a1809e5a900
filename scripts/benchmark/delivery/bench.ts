import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { defineBench, type BenchSetting } from '../bench.ts';
import { BenchError } from '../bench-error.ts';
import { aria2Http, aria2Torrent } from './aria2.ts';
import { bcdn } from './bcdn.ts';
import type { DeliverySetting, DeliverySystem, RunningSystem, SampleFile } from './delivery-system.ts';
import type { FetchCost } from './fetch-cost.ts';
import { npmPeer } from './npm-peer.ts';
import { deliveryReport, type SystemCosts } from './report.ts';
import { writeSampleFile } from './sample-file.ts';
import { TorrentTracker } from './torrent-tracker.ts';

export const delivery = defineBench({
  name: 'delivery',
  summary: 'One file from several sources on this machine by bcdn, WebTorrent, Helia and aria2.',
  options: {
    sources: { description: 'that hold the file, of each system', fallback: 4, min: 1, max: 16 },
    mib: { description: 'of the file', fallback: 256, min: 1, max: 4_096 },
    rounds: { description: 'in each of which every system fetches once', fallback: 5, min: 1, max: 100 },
    seed: { description: 'of the bytes of the file', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async ({ sources, mib, rounds, seed }, setting) => {
    const { progress, signal } = setting;
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-bench-delivery-'));
    const tracker = new TorrentTracker();
    const running: Contestant[] = [];
    try {
      const trackerUrl = await tracker.start();
      const file = await progress.task(`a file of ${mib} MiB`, () =>
        writeSampleFile(mib, trackerUrl, { seed, directory, signal }),
      );
      const systems = [
        bcdn('http'),
        bcdn('libp2p'),
        npmPeer('webtorrent', 'webtorrent'),
        npmPeer('helia', 'helia'),
        aria2Torrent(tracker),
        aria2Http,
      ];
      const absent = await startPresent(systems, { file, sources, directory }, { setting, running });
      await takeTurns(running, { rounds, file, directory }, setting);
      return deliveryReport({ file, sources, contestants: running, absent });
    } finally {
      await Promise.all(running.map(({ system }) => system.end()));
      await tracker.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

interface Contestant extends SystemCosts {
  readonly system: RunningSystem;
  readonly costs: FetchCost[];
}

/** @returns why those who do not take part do not */
async function startPresent(
  systems: readonly DeliverySystem[],
  plan: DeliverySetting,
  { setting, running }: { setting: BenchSetting; running: Contestant[] },
): Promise<Record<string, string>> {
  const absent: Record<string, string> = {};
  for (const system of systems) {
    setting.signal.throwIfAborted();
    const { name } = system;
    const reason = await system.absence();
    if (reason === undefined) {
      const title = `${plan.sources} sources of ${name}`;
      running.push({ name, system: await setting.progress.task(title, () => system.start(plan)), costs: [] });
    } else {
      absent[name] = reason;
      setting.progress.say(`${name} is absent: ${reason}`);
    }
  }
  return absent;
}

/** Each round begins with another system, so that none always has the quieter machine or follows the same one. */
async function takeTurns(
  contestants: readonly Contestant[],
  plan: { readonly rounds: number; readonly file: SampleFile; readonly directory: string },
  { progress, signal }: BenchSetting,
): Promise<void> {
  for (let round = 0; round < plan.rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(round + turn) % contestants.length];
      if (contestant === undefined) continue;
      signal.throwIfAborted();
      const cost = await progress.task(
        `round ${round + 1} of ${plan.rounds}: ${contestant.name}`,
        () => fetchedRight(contestant, plan.file, join(plan.directory, 'fetched')),
        ({ seconds }) => `${seconds.toFixed(2)} s, ${(plan.file.bytes / seconds / 1e6).toFixed(0)} MB/s`,
      );
      contestant.costs.push(cost);
    }
  }
}

/** @throws BenchError BENCH_RESULT_WRONG unless the file on disk is the one that was asked for */
async function fetchedRight(
  { name, system }: Contestant,
  file: SampleFile,
  directory: string,
): Promise<FetchCost> {
  await mkdir(directory);
  try {
    const path = join(directory, 'file');
    const cost = await system.fetch(path);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    if (hash.digest('hex') === file.sha256) return cost;
    throw new BenchError('BENCH_RESULT_WRONG', {
      message: `${name} wrote another file than the one that was asked for.`,
      remedy: 'Its figures would mean nothing. Try again; if it stays, find out what differs.',
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
