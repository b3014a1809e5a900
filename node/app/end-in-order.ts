import type { NodeLog } from './node-log.ts';

/** Ends parts one after the other. What one of them throws is for the log: the others must still end. */
export async function endInOrder(
  log: NodeLog,
  steps: readonly (() => Promise<unknown> | void | undefined)[],
): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      log.error({ error }, 'A part of the node did not stop cleanly');
    }
  }
}
