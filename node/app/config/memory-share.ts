import type { Settings } from './settings.ts';

/** Worker processes of a node; 1 where one process does everything. A peer serves one player. */
export function workersOf({ role, workers }: Pick<Settings, 'role' | 'workers'>): number {
  return role === 'edge' ? workers : 1;
}

/** Memory for hot blocks in each process: a share for each worker, and one for the process that serves siblings. */
export function hotBytesOf(settings: Pick<Settings, 'role' | 'workers' | 'memoryCache'>): number {
  const workers = workersOf(settings);
  return workers === 1 ? settings.memoryCache : Math.floor(settings.memoryCache / (workers + 1));
}
