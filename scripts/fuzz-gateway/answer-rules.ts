import type { Answer } from './answer-reader.ts';

/** Statuses that the gateway may give; `node/adapters/http/SPEC.md` and Node itself (408, 417, 431). */
const KNOWN_STATUSES: ReadonlySet<number> = new Set([
  ...[200, 204, 206, 301, 304],
  ...[400, 401, 402, 403, 404, 405, 406, 408, 410, 412, 413, 414, 416, 417, 422, 431],
  ...[502, 503, 504, 507],
]);

/** Headers that the gateway sends: any other one was put into the answer by the request. */
const KNOWN_HEADERS: ReadonlySet<string> = new Set([
  ...['accept-ranges', 'allow', 'cache-control', 'cache-status', 'connection', 'content-disposition'],
  ...['content-length', 'content-location', 'content-range', 'content-type', 'date', 'etag', 'keep-alive'],
  ...[
    'location',
    'referrer-policy',
    'retry-after',
    'server-timing',
    'transfer-encoding',
    'vary',
    'x-content-type-options',
  ],
  ...['x-ipfs-path', 'x-ipfs-roots', 'content-security-policy', 'timing-allow-origin'],
  ...['access-control-allow-origin', 'access-control-allow-headers', 'access-control-allow-methods'],
  ...['access-control-expose-headers', 'access-control-max-age', 'cross-origin-resource-policy'],
  ...['bcdn-acknowledged', 'bcdn-credit', 'bcdn-served'],
]);

/** Node answers by itself, without a body that says why, to an expectation (417) and where Host is missing (400). */
const WITHOUT_REASON: ReadonlySet<number> = new Set([400, 417]);
const FIRST_ERROR_STATUS = 400;
const PARTIAL = 206;

/** What is wrong with an answer, in a sentence; undefined if nothing is. */
export function faultOf(answer: Answer, headOnly: boolean): string | undefined {
  const { status, headers, body } = answer;
  if (!KNOWN_STATUSES.has(status)) return `status ${status}: ${body.toString('latin1', 0, 200)}`;
  for (const name of headers.keys()) if (!KNOWN_HEADERS.has(name)) return `a header ${name}`;
  if (headOnly) return undefined;
  const byNode = WITHOUT_REASON.has(status) && body.length === 0;
  if (status >= FIRST_ERROR_STATUS && !byNode && codeOf(answer) === undefined)
    return `an error ${status} without a code`;
  const range = /^bytes (\d+)-(\d+)\/\d+$/.exec(headers.get('content-range') ?? '');
  if (status === PARTIAL && range !== null && Number(range[2]) - Number(range[1]) + 1 !== body.length)
    return `${body.length} bytes for the range ${range[0]}`;
  return undefined;
}

/** The code of an error's body, or undefined. */
export function codeOf({ body }: Answer): string | undefined {
  try {
    const document = JSON.parse(body.toString('utf8')) as { error?: { code?: unknown } };
    return typeof document.error?.code === 'string' ? document.error.code : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
