import type { EngineLink } from './engine-link.ts';

/**
 * Hands over what is owed when the page is closed or left: the worker ends with the page, so the page itself sends what the
 * worker has signed, by a request that outlives it. Receipts are cumulative: whoever hands one over again changes nothing.
 * @returns ends it
 */
export function handOverWhenLeft(link: EngineLink): () => void {
  const leave = (): void => {
    const { owed } = link;
    if (owed === undefined) return;
    const { url, body } = owed;
    const headers = { 'content-type': 'application/json' };
    // What does not arrive is written down, and the next page of this site hands it over.
    fetch(url, { method: 'POST', keepalive: true, headers, body }).catch(() => undefined);
  };
  addEventListener('pagehide', leave);
  return () => removeEventListener('pagehide', leave);
}
