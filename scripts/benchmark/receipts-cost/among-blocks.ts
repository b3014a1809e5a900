import { median } from '../../measuring/percentile.ts';

const BLOCK_BYTES = 1_048_576;
/** More than the processor's caches next to a core hold. */
const BLOCKS = 24;
const BATCHES = 9;
const CALLS_A_BATCH = 128;

/**
 * Microseconds of this thread that something takes which is done once between blocks of 1 MiB, as an edge does it: the
 * blocks drive code and data of everything else out of the processor's caches. Copying the blocks is not counted.
 */
export async function costAmongBlocks(work: (i: number) => Promise<unknown> | void): Promise<number> {
  const blocks = Array.from({ length: BLOCKS }, () => Buffer.alloc(BLOCK_BYTES, 1));
  const target = Buffer.alloc(BLOCK_BYTES);
  const copy = (i: number): void => {
    blocks[i % BLOCKS]?.copy(target);
  };
  const costs: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const both = await threadMicroseconds(async (i) => {
      const done = work(i);
      copy(i);
      await done;
    });
    const copies = await threadMicroseconds(async (i) => {
      copy(i);
    });
    costs.push(both - copies);
  }
  return median(costs);
}

async function threadMicroseconds(call: (i: number) => Promise<void>): Promise<number> {
  const before = process.threadCpuUsage();
  for (let i = 0; i < CALLS_A_BATCH; i++) await call(i);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / CALLS_A_BATCH;
}
