import { MAX_QUERY_PARAMETERS } from './http-limits.ts';
import { HttpRequestError } from './http-request-error.ts';

/**
 * The parameters of a query, percent-decoded, `+` as a blank. Of one that is repeated the first counts.
 * @throws HttpRequestError QUERY_INVALID
 */
export function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  if (query === '') return parameters;
  const fields = query.split('&', MAX_QUERY_PARAMETERS + 1);
  if (fields.length > MAX_QUERY_PARAMETERS) {
    throw queryInvalid('it has too many parameters', { maxParameters: MAX_QUERY_PARAMETERS });
  }
  for (const field of fields) {
    if (field === '') continue;
    const mark = field.indexOf('=');
    const name = decoded(mark === -1 ? field : field.slice(0, mark));
    if (!parameters.has(name)) parameters.set(name, mark === -1 ? '' : decoded(field.slice(mark + 1)));
  }
  return parameters;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw queryInvalid('it is not percent-encoded UTF-8', {});
  }
}

export function queryInvalid(reason: string, values: Record<string, string | number>): HttpRequestError {
  return new HttpRequestError('QUERY_INVALID', `The query cannot be used: ${reason}.`, {
    values,
    remedy:
      'Use format=raw or format=car, with dag-scope=block|entity|all, entity-bytes=<from>:<to> and car-dups=y|n for a CAR.',
  });
}
