/**
 * Calls a second of one core: processor time of this thread, so that what else the machine does counts less. The
 * kernel counts in ticks of a few milliseconds: let a batch last a hundred times that.
 */
export function callsPerCoreSecond(call: (i: number) => void, calls: number): number {
  const before = process.threadCpuUsage();
  for (let i = 0; i < calls; i++) call(i);
  const { user, system } = process.threadCpuUsage(before);
  return calls / ((user + system) / 1_000_000);
}
