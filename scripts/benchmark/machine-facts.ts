import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

const MIB = 1_048_576;

/** What a figure depends on beside the code. */
export interface MachineFacts {
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted a core in the minute before the run: above zero, others were measured too. */
  readonly loadAverage: number;
}

export function machineFacts(): MachineFacts {
  const cores = cpus();
  return {
    cpuModel: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryMiB: Math.round(totalmem() / MIB),
    platform: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
