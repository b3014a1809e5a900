import type { CID } from 'multiformats/cid';

import { encodedPath } from '../../core/http-semantics/path-segments.ts';

/** A line of a listing. */
export interface ListedEntry {
  readonly name: string;
  readonly cid: CID;
  /** Size of everything below the entry as its directory declares it. */
  readonly sizeBytes: number | undefined;
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #ddd}' +
  'td:last-child,th:last-child{text-align:right}h1{font-size:1.1rem;word-break:break-all}';

/** A plain page that lists a directory, its links relative to an address that ends with a slash. */
export function directoryPage(listing: {
  readonly path: string;
  readonly entries: readonly ListedEntry[];
  /** Whether there are more entries than are shown. */
  readonly more: boolean;
  readonly hasParent: boolean;
}): string {
  const title = `Index of /ipfs/${escaped(listing.path)}`;
  const parent = listing.hasParent ? '<tr><td><a href="../">..</a></td><td></td></tr>\n' : '';
  const more = listing.more ? '<p>There are more entries than are shown here.</p>\n' : '';
  return (
    `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${title}</title>` +
    `<style>${STYLE}</style></head>\n<body>\n<h1>${title}</h1>\n<table>\n` +
    `<tr><th>Name</th><th>Bytes</th></tr>\n${parent}${listing.entries.map(line).join('')}</table>\n${more}</body>\n</html>\n`
  );
}

function line({ name, sizeBytes }: ListedEntry): string {
  // With ./ before it, a name with a colon is no address of another scheme.
  const link = `./${encodedPath([name])}`;
  return `<tr><td><a href="${escaped(link)}">${escaped(name)}</a></td><td>${sizeBytes ?? ''}</td></tr>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ESCAPES[letter] ?? letter);
}
