import { BenchError } from '../bench-error.ts';
import { BenchEdge } from './edge.ts';
import type { EdgeMessage, EdgeReply, EdgeTask, EdgeTasks } from './edge-protocol.ts';

type Tasks = { [T in EdgeTask]: (ask: EdgeTasks[T]['ask']) => Promise<EdgeTasks[T]['answer']> };

let edge: BenchEdge | undefined;

const tasks: Tasks = {
  start: async (setup) => {
    edge = await BenchEdge.start(setup);
    return { origin: edge.origin };
  },
  cap: async ({ bytesPerSecond }) => {
    await started().cap(bytesPerSecond);
    return {};
  },
  meter: async () => started().meter(),
};

// Without the measuring process nobody needs this edge.
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  void perform(message as EdgeMessage);
});

async function perform({ id, task, ask }: EdgeMessage): Promise<void> {
  let reply: EdgeReply;
  try {
    reply = { id, answer: await tasks[task](ask as never) };
  } catch (error) {
    // The measuring process decides what a failure means; here it is only passed on.
    reply = { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(reply);
}

function started(): BenchEdge {
  if (edge !== undefined) return edge;
  throw new BenchError('BENCH_MESSAGE_INVALID', {
    message: 'The edge was not started.',
    remedy: 'Start it first.',
  });
}
