import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { CarReader } from '@ipld/car';

import { INSTALL_PEERS, PEERS_DIRECTORY } from '../benchmark/delivery/npm-peer.ts';
import { TaskProcess } from '../benchmark/task-process/task-process.ts';
import { requireSame } from './client-error.ts';
import { LARGE_BYTES, LARGE_FILE, NOTE_FILE, NOTE_TEXT } from './sample-site.ts';
import { finding, type CheckSetting, type Finding, type UnmodifiedClient } from './unmodified-client.ts';

const PACKAGE = '@helia/verified-fetch';
const PROGRAM = {
  path: join(PEERS_DIRECTORY, 'verified-fetch.mjs'),
  name: `The process of ${PACKAGE}`,
  relief: 'on a quieter machine',
  timeoutMs: 120_000,
};
const RANGE = { first: 700_000, last: 1_900_000 };

/** What the process of the client can be asked. */
interface VerifiedFetchTasks {
  start: { ask: { gateway: string }; answer: object };
  /** `wantBody`: the bytes come with the answer. */
  get: { ask: { url: string; headers: Record<string, string>; wantBody: boolean }; answer: Got };
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly sha256: string;
  /** Base64, if it was asked for. */
  readonly body?: string;
}

/** Helia's fetch, which takes blocks from a trustless gateway and verifies them itself; ours is its only one. */
export const verifiedFetchClient: UnmodifiedClient = {
  name: PACKAGE,
  absence: async () => {
    try {
      await access(join(PEERS_DIRECTORY, 'node_modules', PACKAGE, 'package.json'));
      return undefined;
    } catch {
      return `the package is not installed; ${INSTALL_PEERS}`;
    }
  },
  check: async (setting) => {
    const process = new TaskProcess<VerifiedFetchTasks>(PROGRAM);
    try {
      await process.ask('start', { gateway: setting.site.origin });
      return await checkAll(setting, (path, headers) => {
        const url = `ipfs://${setting.site.root.toString()}/${encodeURI(path)}`;
        return process.ask('get', { url, headers, wantBody: path === '' });
      });
    } finally {
      await process.end();
    }
  },
};

type Get = (path: string, headers: Record<string, string>) => Promise<Got>;

async function checkAll({ site }: CheckSetting, get: Get): Promise<readonly Finding[]> {
  const { large } = site.site;
  return [
    await finding('a file of many blocks', async () => {
      requireBytes(await get(LARGE_FILE, {}), 200, large);
      return `${LARGE_BYTES} bytes, SHA-256 as published`;
    }),
    await finding('a path in a directory', async () => {
      requireBytes(await get(NOTE_FILE, {}), 200, Buffer.from(NOTE_TEXT));
      return NOTE_FILE;
    }),
    await finding('a range of the file', async () => {
      const got = await get(LARGE_FILE, { range: `bytes=${RANGE.first}-${RANGE.last}` });
      requireBytes(got, 206, large.subarray(RANGE.first, RANGE.last + 1));
      requireSame(
        'content-range',
        got.headers['content-range'] ?? '',
        `bytes ${RANGE.first}-${RANGE.last}/${LARGE_BYTES}`,
      );
      return got.headers['content-range'] ?? '';
    }),
    await finding('a CAR of the directory', async () => {
      const got = await get('', { accept: 'application/vnd.ipld.car' });
      requireSame('The status', got.status, 200);
      return carFacts(Buffer.from(got.body ?? '', 'base64'), site.root.toString());
    }),
  ];
}

function requireBytes(got: Got, status: number, expected: Uint8Array): void {
  requireSame('The status', got.status, status);
  requireSame('The length', got.bytes, expected.length);
  requireSame('The hash', got.sha256, createHash('sha256').update(expected).digest('hex'));
}

async function carFacts(car: Uint8Array, root: string): Promise<string> {
  const reader = await CarReader.fromBytes(car);
  const [named] = await reader.getRoots();
  requireSame('The root of the CAR', named?.toString() ?? 'none', root);
  const cids: string[] = [];
  for await (const cid of reader.cids()) cids.push(cid.toString());
  return `${car.length} bytes, ${cids.length} blocks`;
}
