/** How a response was obtained (RFC 9211). */
export interface CacheOutcome {
  /** Everything was here. */
  readonly hit: boolean;
  /** Another request was fetching it already. */
  readonly collapsed: boolean;
}

const CACHE_NAME = 'bcdn';

/** Value of Cache-Status: `hit`, or what was fetched and stored for this request, or for another before it. */
export function cacheStatus({ hit, collapsed }: CacheOutcome): string {
  if (hit) return `${CACHE_NAME}; hit`;
  return collapsed ? `${CACHE_NAME}; fwd=miss; collapsed` : `${CACHE_NAME}; fwd=miss; stored`;
}

/** The same for what is not here: nobody had it now, or a moment ago and for so long nobody is asked again. */
export function missStatus(absentMs: number): string {
  if (absentMs <= 0) return `${CACHE_NAME}; fwd=miss; fwd-status=404`;
  return `${CACHE_NAME}; hit; ttl=${Math.ceil(absentMs / 1_000)}; detail=absent`;
}

/** Where the time until the first byte went. */
export interface RequestTimes {
  /** Waiting for what another request was fetching. */
  readonly waitMs: number;
  /** Fetching missing blocks from other nodes or the origin, their verification included. */
  readonly fillMs: number;
  /** Verifying the grant and its receipt. */
  readonly verifyMs: number;
  readonly totalMs: number;
}

/** Value of Server-Timing: what took no time is left out, except for the total. */
export function serverTiming({ waitMs, fillMs, verifyMs, totalMs }: RequestTimes): string {
  let value = '';
  if (waitMs > 0) value += `wait;dur=${waitMs.toFixed(1)}, `;
  if (fillMs > 0) value += `fill;dur=${fillMs.toFixed(1)}, `;
  if (verifyMs > 0) value += `verify;dur=${verifyMs.toFixed(1)}, `;
  return `${value}total;dur=${totalMs.toFixed(1)}`;
}

/** Value of Content-Disposition for any file name (RFC 6266): plain where it can be, else by RFC 8187. */
export function contentDisposition(kind: 'inline' | 'attachment', fileName: string): string {
  const name = fileName.toWellFormed();
  if (/^[\w .()+,@-]*$/.test(name)) return `${kind}; filename="${name}"`;
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${name.replaceAll(/[^\w .()+,@-]/g, '_')}"; filename*=UTF-8''${encoded}`;
}
