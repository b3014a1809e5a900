/** Which rows of a list. */
export interface PageWish {
  /** Of the first row. @default 0 */
  readonly offset?: number;
  /** Rows. @default what the marketplace gives */
  readonly limit?: number;
}

/** A path with its query; what is undefined is left out. */
export function pagePath(path: string, query: object): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}
