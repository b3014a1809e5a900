/** The content that a URL of the site names. */
export interface ContentPlace {
  readonly cid: string;
  /** Inside the content; empty for the root. */
  readonly path: string;
}

const CID = /^[A-Za-z0-9]{46,128}$/;

/**
 * Reads `<prefix><cid>[/path]`; undefined for every other path, which is none of ours.
 * @param pathname of a URL, percent-encoded
 */
export function contentPlaceOf(pathname: string, prefix: string): ContentPlace | undefined {
  if (!pathname.startsWith(prefix)) return undefined;
  const [cid = '', ...names] = pathname.slice(prefix.length).split('/');
  if (!CID.test(cid)) return undefined;
  try {
    return {
      cid,
      path: names
        .filter((name) => name !== '')
        .map(decodeURIComponent)
        .join('/'),
    };
  } catch {
    // A percent sign that encodes nothing: no path of ours is written so.
    return undefined;
  }
}
