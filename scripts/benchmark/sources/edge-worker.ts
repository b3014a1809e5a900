import { BenchError } from '../bench-error.ts';
import { serveTasks } from '../task-process/serve-tasks.ts';
import { BenchEdge } from './edge.ts';
import type { EdgeTasks } from './edge-protocol.ts';

let edge: BenchEdge | undefined;

serveTasks<EdgeTasks>({
  start: async (setup) => {
    edge = await BenchEdge.start(setup);
    return { origin: edge.origin, addresses: edge.addresses };
  },
  cap: async ({ bytesPerSecond }) => {
    await started().cap(bytesPerSecond);
    return {};
  },
  meter: async () => started().meter(),
});

function started(): BenchEdge {
  if (edge !== undefined) return edge;
  throw new BenchError('BENCH_MESSAGE_INVALID', {
    message: 'The edge was not started.',
    remedy: 'Start it first.',
  });
}
