import { readFile } from 'node:fs/promises';

/**
 * Largest resident memory that a process ever had, bytes. The kernel keeps it (proc(5), VmHWM); undefined on systems
 * without /proc, and for a process that has ended.
 */
export async function peakMemoryBytes(pid: number): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}
