import { DOMAIN_LABEL } from '../../sdk/protocol/network-domain.ts';
import { DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS, MAX_RECEIPTS_TEXT_LENGTH } from '../limits.ts';

/** Fragments of the JSON schemas of all routes. */

export const address = {
  type: 'string',
  pattern: '^0x[0-9a-fA-F]{40}$',
  description: 'Ethereum address.',
} as const;
export const bytes32 = { type: 'string', pattern: '^0x[0-9a-fA-F]{64}$', description: '32 bytes.' } as const;
export const wei = {
  type: 'string',
  pattern: '^[0-9]{1,39}$',
  description: 'Wei of the token, decimal.',
} as const;
export const bytes = { type: 'integer', minimum: 0, description: 'Bytes.' } as const;
export const epoch = {
  type: 'integer',
  minimum: 0,
  maximum: 4294967295,
  description: 'Epoch number.',
} as const;
export const region = {
  type: 'string',
  pattern: '^[a-z0-9-]{1,8}$',
  description: 'Region code, e.g. eu-west.',
} as const;
export const domainLabel = {
  type: 'string',
  pattern: DOMAIN_LABEL.source,
  description: 'Names a provider or a site inside the region, e.g. as3320.',
} as const;
export const cid = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  description: 'CID of a content.',
} as const;
export const base64Url = { type: 'string', pattern: '^[A-Za-z0-9_-]*$', maxLength: 2048 } as const;
export const receiptPairs = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]*$',
  maxLength: MAX_RECEIPTS_TEXT_LENGTH,
  description: 'Base64url of signed grants, each followed by its best signed receipt.',
} as const;
export const endpoints = { type: 'array', items: { type: 'string' }, description: 'Multiaddrs.' } as const;
/** Largest time that is read as Unix seconds: one in milliseconds is refused. */
export const MAX_UNIX_SECONDS = 99_999_999_999;
export const seconds = { type: 'number', minimum: 0, description: 'Unix seconds.' } as const;
export const nullable = <T extends { readonly type: string }>(schema: T) =>
  ({ ...schema, type: [schema.type, 'null'] }) as const;

/** An object whose listed properties are all required and that has no others. */
export function object<P extends Readonly<Record<string, object>>>(
  properties: P,
  optional: readonly (keyof P & string)[] = [],
) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false } as const;
}

export const list = <S extends object>(items: S) => ({ type: 'array', items }) as const;

export const errorSchema = object({
  error: object({
    code: { type: 'string', description: 'Stable; programs match on it.' },
    message: { type: 'string' },
    values: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
    remedy: { type: 'string', description: 'What to do about it.' },
  }),
});

/** Responses of a route: its own, and the error body for everything else. */
export function responses<S extends object>(schema: S) {
  return { 200: schema, '4xx': errorSchema, '5xx': errorSchema };
}

export const pageQuery = {
  offset: { type: 'integer', minimum: 0, maximum: 1_000_000_000, default: 0 },
  limit: { type: 'integer', minimum: 1, maximum: MAX_PAGE_ROWS, default: DEFAULT_PAGE_ROWS },
} as const;

export interface PageQuery {
  readonly offset: number;
  readonly limit: number;
}

/** A page of rows under a name, with how many there are in all. */
export function pageOf<N extends string>(name: N, items: object) {
  return object({
    total: bytesFree('Rows in all.'),
    offset: bytesFree('Of the first row.'),
    [name]: list(items),
  });
}

function bytesFree(description: string) {
  return { type: 'integer', minimum: 0, description } as const;
}

/** A query, parameters or body schema in which nothing is required but what is named. */
export function query<P extends Readonly<Record<string, object>>>(
  properties: P,
  required: readonly (keyof P & string)[] = [],
) {
  return { type: 'object', properties, required: [...required], additionalProperties: false } as const;
}
