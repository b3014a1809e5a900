import { open } from 'node:fs/promises';

/** What one download took from the process that did it. */
export interface FetchCost {
  /** From being told what to fetch, in a process that is up, until the system says that the file is complete. */
  readonly seconds: number;
  /** The same until its bytes are on the disk as well, whoever sees to that. */
  readonly syncedSeconds: number;
  /** Processor time of the downloading process until the file is complete, all its threads, user and system. */
  readonly cpuSeconds: number;
  /** Most memory that the downloading process had resident since it began, MB; its runtime is in it. */
  readonly peakMemoryMb: number;
}

/** Measures a download in the process that does it and nothing else. @returns its cost. @param download returns the file */
export async function costOf(download: () => Promise<string>): Promise<FetchCost> {
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const path = await download();
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peakMemoryMb = (process.resourceUsage().maxRSS * 1_024) / 1e6;
  await synced(path);
  const syncedSeconds = (performance.now() - startedMs) / 1_000;
  return { seconds, syncedSeconds, cpuSeconds: (user + system) / 1e6, peakMemoryMb };
}

/** Waits until the disk has what was written to a file. */
export async function synced(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.sync().finally(() => file.close());
}
