import { MAX_MEDIA_RANGES } from './http-limits.ts';

/** One entry of an Accept header (RFC 9110, section 12.5.1). */
export interface MediaRange {
  /** Lower case, `*` wildcards included. */
  readonly type: string;
  /** Names in lower case; the weight is not among them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 (not wanted) to 1. */
  readonly weight: number;
}

const MEDIA_TYPE = /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+$/;
const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The media ranges of an Accept header, the most wanted first, in the order of the header where weights are
 * equal. Entries that are malformed are left out; parameters that are malformed are too.
 */
export function mediaRanges(accept: string): MediaRange[] {
  return splitOutsideQuotes(accept, ',')
    .slice(0, MAX_MEDIA_RANGES)
    .flatMap((entry) => mediaRange(entry) ?? [])
    .sort((a, b) => b.weight - a.weight);
}

function mediaRange(entry: string): MediaRange | undefined {
  const [type = '', ...fields] = splitOutsideQuotes(entry, ';').map((field) => field.trim());
  if (!MEDIA_TYPE.test(type)) return undefined;
  const parameters = new Map<string, string>();
  for (const field of fields) {
    const mark = field.indexOf('=');
    if (mark > 0) parameters.set(field.slice(0, mark).trim().toLowerCase(), unquoted(field.slice(mark + 1)));
  }
  const q = parameters.get('q');
  parameters.delete('q');
  const weight = q === undefined ? 1 : WEIGHT.test(q) ? Number(q) : 0;
  return { type: type.toLowerCase(), parameters, weight };
}

function unquoted(value: string): string {
  const trimmed = value.trim();
  return trimmed.length >= 2 && trimmed.startsWith('"') && trimmed.endsWith('"')
    ? trimmed.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : trimmed;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let quoted = false;
  let begin = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (quoted && letter === '\\') i += 1;
    else if (letter === '"') quoted = !quoted;
    else if (letter === separator && !quoted) {
      parts.push(text.slice(begin, i));
      begin = i + 1;
    }
  }
  return [...parts, text.slice(begin)];
}
