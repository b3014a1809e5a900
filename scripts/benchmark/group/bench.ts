import { defineBench } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { measureGroup, type GroupFigures } from './measure-group.ts';

/** Highest rate of false positives that a summary may have. */
const MAX_FALSE_POSITIVES = 0.01;

export const group = defineBench({
  name: 'group',
  summary: 'A cooperation group: bytes of the exchange, false positives of summaries, time of a route.',
  options: {
    members: { description: 'edges in the group', fallback: 8, min: 2, max: 64 },
    contents: { description: 'contents of each edge', fallback: 1_000, min: 1, max: 24_576 },
    interval: {
      description: 'seconds between two changes at each edge',
      fallback: 10,
      min: 1,
      max: 600,
    },
    seed: { description: 'of positions and contents', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async (values, { progress }) => {
    const { members, contents, interval: changeSeconds, seed } = values;
    const figures = await progress.task(`${members} edges with ${figure(contents)} contents each`, async () =>
      measureGroup({ members, contents, changeSeconds, seed }),
    );
    return {
      figures: {
        ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, rounded(Number(value))])),
        target: { falsePositives: MAX_FALSE_POSITIVES, met: figures.falsePositives <= MAX_FALSE_POSITIVES },
      },
      tables: [
        {
          title: `Cooperation group of ${members} edges, ${figure(contents)} contents each, one changed every ${changeSeconds} s`,
          columns: ['', ''],
          rows: ROWS.map(([name, read]) => [name, figure(read(figures))]),
        },
      ],
    };
  },
});

const ROWS: readonly (readonly [string, (figures: GroupFigures) => number])[] = [
  ['whole summary, B', ({ wholeBytes }) => wholeBytes],
  ['bits a content', ({ bitsPerContent }) => bitsPerContent],
  ['false positives, %', ({ falsePositives }) => 100 * falsePositives],
  ['sent to each member at rest, B/s', ({ restBytesPerSecond }) => restBytesPerSecond],
  ['sent to each member with changes, B/s', ({ changingBytesPerSecond }) => changingBytesPerSecond],
  ['if each change sent the whole, B/s', (figures) => figures.wholeEachChangeBytesPerSecond],
  ['route to a sibling, ns', ({ routeHeldNs }) => routeHeldNs],
  ['route that the ring must answer, ns', ({ routeMissedNs }) => routeMissedNs],
];
