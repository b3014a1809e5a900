import { MAX_ENTITY_TAGS } from './http-limits.ts';

/** The conditions of a request, as its headers state them. */
export interface RequestConditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** What to do with a GET or HEAD: send, 304, or 412. */
export type ConditionOutcome = 'send' | 'not-modified' | 'failed';

const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/y;
const BEFORE_LIST = /[\t ,]*/y;
const SEPARATOR = /[\t ]*,[\t ,]*/y;

/**
 * Evaluates conditions in the order of RFC 9110, section 13.2.2: If-Match first (strong comparison), then
 * If-None-Match (weak comparison). Content named by its hash has no date, so conditions with dates are
 * ignored, as section 13.1.3 asks where there is none.
 * @param etag the entity tag of what would be sent, quotes included, weak if it begins with W/
 */
export function evaluateConditions(
  { ifMatch, ifNoneMatch }: RequestConditions,
  etag: string,
): ConditionOutcome {
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, etag)) return 'failed';
  if (ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, etag)) return 'not-modified';
  return 'send';
}

/** Whether Range applies (RFC 9110, section 13.1.5): without If-Range, or when it names this very version. */
export function rangeApplies(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || (ifRange.trim() === etag && isStrong(etag));
}

function matchesStrongly(field: string, etag: string): boolean {
  return field.trim() === '*' || (isStrong(etag) && entityTags(field).includes(etag));
}

function matchesWeakly(field: string, etag: string): boolean {
  if (field === etag || field.trim() === '*') return true;
  const opaque = opaqueOf(etag);
  return entityTags(field).some((candidate) => opaqueOf(candidate) === opaque);
}

/** The tags of a list. A comma may stand within a tag; of a list that breaks off, what came before counts. */
function entityTags(field: string): string[] {
  const tags: string[] = [];
  let at = endOfMatch(BEFORE_LIST, field, 0) ?? 0;
  while (tags.length < MAX_ENTITY_TAGS) {
    const end = endOfMatch(ENTITY_TAG, field, at);
    if (end === undefined) break;
    tags.push(field.slice(at, end));
    const next = endOfMatch(SEPARATOR, field, end);
    if (next === undefined) break;
    at = next;
  }
  return tags;
}

function endOfMatch(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}

function isStrong(etag: string): boolean {
  return !etag.startsWith('W/');
}

function opaqueOf(etag: string): string {
  return isStrong(etag) ? etag : etag.slice(2);
}
