import { MAX_PARALLEL_PROBES, PROBE_TIMEOUT_MS } from '../limits.ts';

/** Asks all nodes, MAX_PARALLEL_PROBES at a time; none any more once the signal has aborted. */
export async function inProbeGroups<T>(
  nodes: readonly T[],
  ask: (node: T) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < nodes.length && !signal.aborted; from += MAX_PARALLEL_PROBES)
    await Promise.all(nodes.slice(from, from + MAX_PARALLEL_PROBES).map(ask));
}

/**
 * A question to a node, at an address that its operator chose: no redirect is followed, and no answer awaited for longer
 * than PROBE_TIMEOUT_MS. @throws what `fetch` throws; a `TimeoutError` if the node is silent
 */
export function askNode(
  url: string,
  { signal, ...options }: Pick<RequestInit, 'method' | 'headers'> & { signal?: AbortSignal },
): Promise<Response> {
  const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  return fetch(url, {
    ...options,
    redirect: 'manual',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
}
