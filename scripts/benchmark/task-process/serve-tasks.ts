import type { TaskMessage, TaskReply, TaskTable, TaskWork } from './task-protocol.ts';

/** Performs what the measuring process asks, until that one is gone: then nobody needs this process. */
export function serveTasks<Tasks extends TaskTable<Tasks>>(work: TaskWork<Tasks>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    void perform(work, message as TaskMessage<Tasks>);
  });
}

async function perform<Tasks extends TaskTable<Tasks>>(
  work: TaskWork<Tasks>,
  { id, task, ask }: TaskMessage<Tasks>,
): Promise<void> {
  let reply: TaskReply<Tasks>;
  try {
    reply = { id, answer: await work[task](ask) };
  } catch (error) {
    // The measuring process decides what a failure means; here it is only passed on.
    reply = { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(reply);
}
