import { setFlagsFromString } from 'node:v8';

const FIRST_V8_WITH_THE_FLAG = 13;

/**
 * Lets V8 weigh the bytes of buffers with the whole heap before it collects garbage. By default they have a limit of
 * their own, 64 MB since the last collection, and a process through which blocks of 1 MiB pass collects its whole heap
 * for every few of them: that was half of the processor time of a fetch. In return garbage stays longer: up to 70 MB
 * more of resident memory.
 */
export function weighBuffersWithHeap(): void {
  // An older V8 complains about flags that it does not know.
  if (Number.parseInt(process.versions.v8, 10) < FIRST_V8_WITH_THE_FLAG) return;
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
