import { serveTasks } from '../task-process/serve-tasks.ts';
import type { EdgeTasks } from './edge-protocol.ts';
import { startEdge } from './edge.ts';

serveTasks<EdgeTasks>({
  start: async (setup) => ({ origin: await startEdge(setup), processId: process.pid }),
});
