import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { TaskProcess, type TaskProgram } from '../task-process/task-process.ts';
import type { DeliverySetting, DeliverySystem, RunningSystem } from './delivery-system.ts';
import type { FetchCost } from './fetch-cost.ts';

/** Packages of the peers, apart from bcdn's own. */
export const PEERS_DIRECTORY = join(import.meta.dirname, 'peers');
export const INSTALL_PEERS =
  'install it with `npm ci --ignore-scripts --prefix scripts/benchmark/delivery/peers`';

/** What a program in the folder of the peers can be asked; each process is asked for one of both, once. */
export interface NpmPeerTasks {
  /** Holds the file from now on. The address is one that `fetch` of the same program understands. */
  seed: { ask: PeerSample; answer: { address: string } };
  fetch: { ask: PeerSample & { addresses: readonly string[]; path: string }; answer: FetchCost };
}

/** The file as a program of a peer is told about it: paths, and the CID in text. */
export interface PeerSample {
  readonly filePath: string;
  readonly torrentPath: string;
  readonly archivePath: string;
  readonly cid: string;
}

/** A peer that is a package of npm, by the program in the folder of the peers that runs it. */
export function npmPeer(name: string, packageName: string): DeliverySystem {
  const program: TaskProgram = {
    path: join(PEERS_DIRECTORY, `${name}.mjs`),
    name: `A process of ${name}`,
    relief: 'with a smaller --mib',
    timeoutMs: 300_000,
  };
  return {
    name,
    absence: async () =>
      (await exists(join(PEERS_DIRECTORY, 'node_modules', packageName, 'package.json')))
        ? undefined
        : `the package ${packageName} is not installed; ${INSTALL_PEERS}`,
    start: (setting) => startPeer(program, setting),
  };
}

async function startPeer(program: TaskProgram, { file, sources }: DeliverySetting): Promise<RunningSystem> {
  const sample: PeerSample = {
    filePath: file.path,
    torrentPath: file.torrentPath,
    archivePath: file.content.carFile.path,
    cid: file.root.toString(),
  };
  const seeds: TaskProcess<NpmPeerTasks>[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(seeds.map((seed) => seed.end()));
  };
  const addresses: string[] = [];
  try {
    for (let source = 0; source < sources; source++) {
      const seed = new TaskProcess<NpmPeerTasks>(program);
      seeds.push(seed);
      addresses.push((await seed.ask('seed', sample)).address);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return {
    fetch: async (path) => {
      const process = new TaskProcess<NpmPeerTasks>(program);
      try {
        return await process.ask('fetch', { ...sample, addresses, path });
      } finally {
        await process.end();
      }
    },
    end,
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
