import { weighBuffersWithHeap } from '../../../sdk/cli/external-memory.ts';
import { BenchError } from '../bench-error.ts';
import { serveTasks } from '../task-process/serve-tasks.ts';
import { BenchViewer } from './viewer.ts';
import type { ViewerTasks } from './viewer-protocol.ts';

// As the command line does.
weighBuffersWithHeap();
let viewer: BenchViewer | undefined;

serveTasks<ViewerTasks>({
  start: async (setup) => {
    viewer = await BenchViewer.start(setup);
    return {};
  },
  fetch: async ({ paid, blocks }) => {
    if (viewer !== undefined) return viewer.fetch(paid, blocks);
    throw new BenchError('BENCH_MESSAGE_INVALID', {
      message: 'The viewer was not started.',
      remedy: 'Start it first.',
    });
  },
});
