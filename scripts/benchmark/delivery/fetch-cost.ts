/** What one download took from the process that did it. */
export interface FetchCost {
  /** From being told what to fetch, in a process that is up, until the file is complete. */
  readonly seconds: number;
  /** Processor time of the downloading process meanwhile, all its threads, user and system. */
  readonly cpuSeconds: number;
  /** Most memory that the downloading process had resident since it began, MB; its runtime is in it. */
  readonly peakMemoryMb: number;
}

/** Measures a download in the process that does it and nothing else. */
export async function costOf(download: () => Promise<unknown>): Promise<FetchCost> {
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await download();
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peakMemoryMb = (process.resourceUsage().maxRSS * 1_024) / 1e6;
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMemoryMb };
}
