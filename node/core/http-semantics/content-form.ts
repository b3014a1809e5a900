import { mediaRanges, type MediaRange } from './accept.ts';
import { parseEntityBytes, type EntityBytes } from './entity-bytes.ts';
import { HttpRequestError } from './http-request-error.ts';
import { parseQuery, queryInvalid } from './query.ts';

/** Which part of the DAG below a path a CAR holds (trustless gateway specification). */
export type DagScope = 'block' | 'entity' | 'all';

/** A CAR as it is asked for; blocks come in depth-first order always. */
export interface CarForm {
  readonly kind: 'car';
  readonly scope: DagScope;
  /** Which bytes of a file the blocks are for. */
  readonly entityBytes: EntityBytes | undefined;
  /** Whether a block is repeated at each place where the DAG links to it. */
  readonly duplicates: boolean;
}

/** In what form content is asked for. */
export type ContentForm =
  /** The bytes of a file, or a page for a directory. */
  | { readonly kind: 'file' }
  /** One block as it is. */
  | { readonly kind: 'raw' }
  | CarForm;

/** The whole query of a request for one block as it is. */
export const RAW_QUERY = 'format=raw';
export const RAW_TYPE = 'application/vnd.ipld.raw';
export const CAR_TYPE = 'application/vnd.ipld.car';

const FILE: ContentForm = { kind: 'file' };
const RAW: ContentForm = { kind: 'raw' };
/** Forms of other gateways: whoever names one of these wants no file. */
const OTHER_FORMS = /^application\/(?:vnd\.ipld\.|vnd\.ipfs\.|x-tar$)/;

/**
 * The form that a request asks for: the format parameter decides, else the Accept header.
 * @throws HttpRequestError QUERY_INVALID, FORMAT_UNSUPPORTED, FORMAT_NOT_ACCEPTABLE
 */
export function contentForm(query: string, accept: string | undefined): ContentForm {
  if (query === RAW_QUERY) return RAW;
  const asked = query === '' ? undefined : parseQuery(query);
  const format = asked?.get('format');
  if (format === undefined) {
    if (accept === undefined || accept === '*/*') return FILE;
    return negotiated(mediaRanges(accept), asked);
  }
  if (format === 'raw') return RAW;
  if (format === 'car') return carForm(asked, carParameters(accept));
  throw new HttpRequestError('FORMAT_UNSUPPORTED', 'This format is not served.', {
    values: { format: format.slice(0, 32) },
    remedy: 'Use format=raw for a single block, format=car for a DAG, or no format for the file.',
  });
}

/** Value of Content-Type of a CAR. */
export function carContentType({ duplicates }: CarForm): string {
  return `${CAR_TYPE}; version=1; order=dfs; dups=${duplicates ? 'y' : 'n'}`;
}

/** The most wanted form that can be had. Types of files are no reason to refuse: a file has one type only. */
function negotiated(
  ranges: readonly MediaRange[],
  asked: ReadonlyMap<string, string> | undefined,
): ContentForm {
  const wanted = ranges.filter(({ weight }) => weight > 0);
  for (const range of wanted) {
    if (range.type === RAW_TYPE) return RAW;
    if (range.type === CAR_TYPE) {
      if (isServedCar(range.parameters)) return carForm(asked, range.parameters);
    } else if (!OTHER_FORMS.test(range.type)) return FILE;
  }
  if (wanted.length === 0) return FILE;
  throw notAcceptable(wanted.map(({ type }) => type).join(', '));
}

/** Parameters of the CAR type in an Accept header beside format=car: details that the query leaves open. */
function carParameters(accept: string | undefined): ReadonlyMap<string, string> {
  if (accept === undefined || accept === '*/*') return new Map();
  const cars = mediaRanges(accept).filter(({ type, weight }) => type === CAR_TYPE && weight > 0);
  return (cars.find(({ parameters }) => isServedCar(parameters)) ?? cars[0])?.parameters ?? new Map();
}

const SERVED_CARS: Readonly<Record<string, readonly string[]>> = {
  version: ['1'],
  order: ['dfs', 'unk', ''],
  dups: ['y', 'n'],
};

function isServedCar(parameters: ReadonlyMap<string, string>): boolean {
  return Object.entries(SERVED_CARS).every(([name, served]) => {
    const value = parameters.get(name);
    return value === undefined || served.includes(value);
  });
}

function carForm(
  asked: ReadonlyMap<string, string> | undefined,
  accepted: ReadonlyMap<string, string>,
): CarForm {
  const parameters = new Map(accepted);
  for (const name of Object.keys(SERVED_CARS)) {
    const value = asked?.get(`car-${name}`);
    if (value !== undefined) parameters.set(name, value);
  }
  if (!isServedCar(parameters)) {
    throw notAcceptable([...parameters].map(([name, value]) => `${name}=${value}`).join('; '));
  }
  const entityBytes = asked?.get('entity-bytes');
  return {
    kind: 'car',
    scope: scopeOf(asked?.get('dag-scope'), entityBytes !== undefined),
    entityBytes: entityBytes === undefined ? undefined : parseEntityBytes(entityBytes),
    duplicates: parameters.get('dups') === 'y',
  };
}

function scopeOf(scope: string | undefined, hasEntityBytes: boolean): DagScope {
  if (scope !== undefined && scope !== 'block' && scope !== 'entity' && scope !== 'all') {
    throw queryInvalid('dag-scope is none of block, entity and all', { dagScope: scope.slice(0, 32) });
  }
  return hasEntityBytes ? 'entity' : (scope ?? 'all');
}

function notAcceptable(asked: string): HttpRequestError {
  return new HttpRequestError('FORMAT_NOT_ACCEPTABLE', 'None of the forms that are accepted is served.', {
    values: { asked: asked.slice(0, 128) },
    remedy: `Accept ${RAW_TYPE}, or ${CAR_TYPE}; version=1; order=dfs; dups=n, or leave Accept out for the file.`,
  });
}
