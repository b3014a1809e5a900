import { serveTasks } from '../task-process/serve-tasks.ts';
import { startEdge } from './edge.ts';
import type { ServerTasks } from './server-protocol.ts';

serveTasks<ServerTasks>({
  start: async (setup) => ({ origin: await startEdge(setup), processId: process.pid }),
});
