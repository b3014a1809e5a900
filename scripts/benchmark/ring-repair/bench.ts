import { equalDigests } from '../../../node/core/one-hop-ring/table-digest.ts';
import { BenchError } from '../bench-error.ts';
import { defineBench } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { differingTables } from './differing-tables.ts';
import { repair } from './repair-talk.ts';

export const ringRepair = defineBench({
  name: 'ring-repair',
  summary:
    'Repair of two tables of the one-hop ring that differ: bytes, questions, round trips, time of both sides.',
  options: {
    entries: { description: 'members in the tables', fallback: 100_000, min: 1, max: 500_000 },
    differences: { description: 'members that only one side knows', fallback: 3, min: 0, max: 50_000 },
    looks: { description: '2 as after keep-alives, 1 as for a joining member', fallback: 2, min: 1, max: 2 },
    seed: { description: 'of the positions', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async (options, { progress }) => {
    const { sides, wholeBytes } = await progress.task(
      `two tables of ${figure(options.entries)} members`,
      async () => differingTables(options),
    );
    const startedMs = performance.now();
    const talk = repair(sides, { settle: options.looks === 2 });
    const computeMs = performance.now() - startedMs;
    const [first, second] = sides;
    if (!equalDigests(first.context.table.digest, second.context.table.digest)) {
      throw new BenchError('BENCH_TIMEOUT', {
        message:
          'One repair did not make the tables equal: it ends after so many round trips, and another follows.',
        remedy: 'Give fewer --differences.',
        values: { roundTrips: talk.roundTrips },
      });
    }
    const ratio = wholeBytes / talk.bytes;
    return {
      figures: { ...talk, wholeBytes, ratio: rounded(ratio), computeMs: rounded(computeMs) },
      tables: [
        {
          title: `Repair of ${figure(options.differences)} differences among ${figure(options.entries)} members`,
          columns: ['', ''],
          rows: [
            ['both directions, B', figure(talk.bytes)],
            ['the whole table instead, B', figure(wholeBytes)],
            ['ratio', figure(ratio)],
            ['largest message, B', figure(talk.largestBytes)],
            ['questions', figure(talk.questions)],
            ['round trips', figure(talk.roundTrips)],
            ['waited for events on their way, ms', figure(talk.waitedMs)],
            ['both sides, ms', figure(computeMs)],
          ],
        },
      ],
    };
  },
});
