import { contentRootOf, RAW_CODEC } from '../../../../sdk/protocol/content.ts';
import { parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { BlockStore } from '../../../../node/adapters/disk/block-store.ts';
import { RandomStreams } from '../../../../scripts/measuring/random-streams.ts';
import { patternBytes, rawCidOf } from '../content-fixture.ts';

/*
 * A process that stores, evicts and deletes blocks until it is killed. Arguments: directory of the store, seed, bytes of
 * the quota. On stdout, one line for each pinned block that is stored: its digest.
 */
const [directory = '', seed = '1', quotaBytes = '0'] = process.argv.slice(2);
const PINNED_BLOCKS = 4;
const WRITERS = 4;
const DELETE_SHARE = 0.05;
const MAX_BLOCK_BYTES = 48 * 1024;

const store = new BlockStore({ directory, quotaBytes: Number(quotaBytes) });
await store.open();
const random = new RandomStreams(Number(seed)).stream('blocks');
const bytesOf = (): Uint8Array =>
  patternBytes(1 + Math.floor(random() * MAX_BLOCK_BYTES), 1 + Math.floor(random() * 2 ** 31));

const targetNamed = (name: number) => ({
  root: contentRootOf(rawCidOf(patternBytes(8, name))),
  codec: RAW_CODEC,
});
const pinned = targetNamed(1);
store.pin(pinned, parseDealId(`0x${'d1'.repeat(32)}`));
for (let i = 0; i < PINNED_BLOCKS; i++) {
  const bytes = patternBytes(20_000 + i, 1_000 + i);
  await store.put(pinned, rawCidOf(bytes), bytes);
  process.stdout.write(`${contentRootOf(rawCidOf(bytes)).slice(2)}\n`);
}
process.stdout.write('ready\n');

async function write(name: number): Promise<never> {
  for (;;) {
    const target = targetNamed(name + 10 * Math.floor(random() * 3));
    const bytes = bytesOf();
    await store.put(target, rawCidOf(bytes), bytes);
    process.stdout.write('stored\n');
    if (random() < DELETE_SHARE) await store.deleteContent(target.root);
  }
}
await Promise.all(Array.from({ length: WRITERS }, (_, name) => write(name + 2)));
