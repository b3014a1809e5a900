import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { cidOfContentRoot, RAW_CODEC } from '../../../../sdk/protocol/content.ts';
import { sha256Hex } from '../../../../sdk/client/node-sha256.ts';
import { parseContentRoot } from '../../../../sdk/protocol/identifiers.ts';
import { chargedBytes } from '../../../../node/core/storage/storage-quota.ts';
import { BlockStore } from '../../../../node/adapters/disk/block-store.ts';
import { BlockFiles } from '../../../../node/adapters/disk/block-store-files.ts';
import { below, RandomStreams } from '../../../../scripts/measuring/random-streams.ts';
import { TEST_SEED } from '../../../seed.ts';

const KILLS = 8;
const QUOTA_BYTES = 1_048_576;
const WRITER = join(import.meta.dirname, 'block-writer.ts');

/** Runs the writer and kills it after so many blocks; returns the pinned ones that it had acknowledged. */
async function writeUntilKilled(directory: string, seed: number, blocks: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, directory, String(seed), String(QUOTA_BYTES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const pinned: string[] = [];
  let stored = 0;
  let text = '';
  for await (const chunk of child.stdout) {
    const lines = `${text}${String(chunk)}`.split('\n');
    text = lines.pop() ?? '';
    pinned.push(...lines.filter((line) => /^[0-9a-f]{64}$/.test(line)));
    stored += lines.filter((line) => line === 'stored').length;
    if (stored >= blocks) child.kill('SIGKILL');
  }
  await exited;
  return pinned;
}

describe('BlockStore, killed with SIGKILL while it writes and evicts', () => {
  it(`serves nothing half-written and counts every byte of its quota, ${KILLS} times over (BCDN_TEST_SEED=${TEST_SEED})`, async function () {
    this.timeout(120_000);
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-store-kill-'));
    const random = new RandomStreams(TEST_SEED).stream('kills');
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const pinned = await writeUntilKilled(directory, TEST_SEED * 1_000 + kill, 1 + below(random, 120));
        const store = new BlockStore({ directory, quotaBytes: QUOTA_BYTES });
        await store.open();
        let fileBytes = 0;
        let files = 0;
        for await (const { digest, bytes } of new BlockFiles(directory).list()) {
          const served = await store.get(cidOfContentRoot(parseContentRoot(`0x${digest}`), RAW_CODEC));
          expect(served === undefined ? undefined : sha256Hex(served)).to.equal(digest);
          fileBytes += chargedBytes(bytes);
          files += 1;
        }
        const usage = store.usage();
        expect({ usedBytes: usage.usedBytes, blocks: usage.blocks }).to.deep.equal({
          usedBytes: fileBytes,
          blocks: files,
        });
        expect(usage.usedBytes).to.be.at.most(QUOTA_BYTES);
        expect(usage.freeBytes).to.equal(QUOTA_BYTES - fileBytes);
        expect(await readdir(join(directory, 'tmp'))).to.deep.equal([]);
        for (const digest of pinned) {
          const cid = cidOfContentRoot(parseContentRoot(`0x${digest}`), RAW_CODEC);
          expect(await store.get(cid), `pinned ${digest}`).to.not.equal(undefined);
        }
        await store.close();
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
