import { readdir, readFile } from 'node:fs/promises';

/** What processes hold now, all together. */
export interface ProcessFigures {
  readonly memoryBytes: number;
  /** Open files, sockets and pipes. */
  readonly handles: number;
}

/** Read from /proc; what has ended counts as nothing. */
export async function processFigures(pids: readonly number[]): Promise<ProcessFigures> {
  const each = await Promise.all(
    pids.map(async (pid) => {
      const [status, handles] = await Promise.all([
        readFile(`/proc/${pid}/status`, 'utf8').catch(gone('')),
        readdir(`/proc/${pid}/fd`).catch(gone<string[]>([])),
      ]);
      const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
      return { memoryBytes: kibibytes * 1_024, handles: handles.length };
    }),
  );
  return {
    memoryBytes: each.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    handles: each.reduce((sum, { handles }) => sum + handles, 0),
  };
}

/** A process and all that it started, itself first. */
export async function familyOf(pid: number): Promise<readonly number[]> {
  const path = `/proc/${pid}/task/${pid}/children`;
  const children = (await readFile(path, 'utf8').catch(gone(''))).split(' ').filter((text) => text !== '');
  const families = await Promise.all(children.map(async (child) => familyOf(Number(child))));
  return [pid, ...families.flat()];
}

function gone<T>(nothing: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return nothing;
    throw error;
  };
}
