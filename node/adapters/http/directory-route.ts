import type { CID } from 'multiformats/cid';

import { encodedPath, type ContentNames } from '../../core/http-semantics/path-segments.ts';
import { ownedBytes } from '../../core/storage/borrowed-block.ts';
import { contentHeaders } from './content-headers.ts';
import { directoryPage, type ListedEntry } from './directory-page.ts';
import { writeHead } from './exchange.ts';
import { GatewayError } from './gateway-error.ts';
import { LISTING_SECONDS, MAX_LISTED_ENTRIES, MAX_LISTED_NODES } from './gateway-limits.ts';
import type { Entity, PathResolution } from './path-resolution.ts';
import { sendRepresentation, type ContentExchange } from './representation.ts';
import type { RequestBlocks } from './request-blocks.ts';
import { serveFile } from './unixfs-file-route.ts';
import { decodeUnixfs, entryOf, shardsBelow } from './unixfs-node.ts';

const INDEX = 'index.html';
/** Raised whenever the page of the same directory changes. */
const PAGE_VERSION = 1;
/** The page needs its own style and nothing else: names in it are anybody's. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** A directory as a path names it. */
export interface NamedDirectory {
  readonly root: CID;
  readonly names: ContentNames;
  readonly cid: CID;
}

/**
 * GET|HEAD of a directory: its index.html, or a page that lists it. Its address ends with a slash, to which
 * the links of either are relative (path gateway specification).
 */
export async function serveDirectory(
  content: ContentExchange,
  resolution: PathResolution,
  directory: NamedDirectory,
): Promise<void> {
  const { exchange, blocks } = content;
  const { root, names } = directory;
  if (!names.directory) {
    const fields = [exchange.query, exchange.payment?.fields ?? ''].filter((part) => part !== '').join('&');
    const query = fields === '' ? '' : `?${fields}`;
    const location = `/ipfs/${[root.toString(), encodedPath(names.segments)].filter((part) => part !== '').join('/')}/`;
    writeHead(exchange, 301, {
      location: `${location}${query}`,
      'content-length': 0,
      ...contentHeaders(exchange, root),
    });
    exchange.response.end();
    return;
  }
  const index = await indexOf(resolution, directory, blocks);
  if (index !== undefined) await serveFile(content, { root, entity: index, name: INDEX });
  else await serveListing(content, directory);
}

/** The file index.html of a directory, if it has one. */
async function indexOf(
  resolution: PathResolution,
  { root, names }: NamedDirectory,
  blocks: RequestBlocks,
): Promise<Entity | undefined> {
  try {
    const { entity } = await resolution.resolve(root, [...names.segments, INDEX], blocks);
    return entity.kind === 'file' ? entity : undefined;
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'PATH_NOT_FOUND') return undefined;
    throw error;
  }
}

async function serveListing(content: ContentExchange, { cid, root, names }: NamedDirectory): Promise<void> {
  const { exchange, blocks } = content;
  const { entries, more } = await entriesOf(cid, blocks);
  const path = [root.toString(), ...names.segments].join('/');
  const page = Buffer.from(directoryPage({ path, entries, more, hasParent: names.segments.length > 0 }));
  await sendRepresentation(content, {
    cid: cid.toString(),
    etag: `"${cid.toString()}.list-${PAGE_VERSION}"`,
    sizeBytes: page.length,
    contentType: 'text/html; charset=utf-8',
    headers: {
      ...contentHeaders(exchange, root, `public, max-age=${LISTING_SECONDS}`),
      'content-security-policy': PAGE_POLICY,
    },
    bytes: ({ start, end }) => Promise.resolve(ownedBytes(page.subarray(start, end + 1))),
  });
}

/** Entries of a directory, sharded or not, by name; of a large one the first that are found. */
async function entriesOf(
  directory: CID,
  blocks: RequestBlocks,
): Promise<{ entries: readonly ListedEntry[]; more: boolean }> {
  const entries: ListedEntry[] = [];
  const waiting: CID[] = [directory];
  let nodes = 0;
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    nodes += 1;
    if (nodes > MAX_LISTED_NODES || entries.length > MAX_LISTED_ENTRIES) return shown(entries, true);
    const node = decodeUnixfs(cid, await blocks.get(cid));
    if (node.kind !== 'directory' && node.kind !== 'shard') continue;
    for (const link of node.links) {
      const entry = entryOf(node, link);
      if (entry !== undefined) entries.push({ ...entry, sizeBytes: link.Tsize });
    }
    if (node.kind === 'shard') waiting.push(...shardsBelow(node).reverse());
  }
  return shown(entries, false);
}

function shown(
  entries: readonly ListedEntry[],
  more: boolean,
): { entries: readonly ListedEntry[]; more: boolean } {
  const listed = entries.slice(0, MAX_LISTED_ENTRIES);
  listed.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { entries: listed, more: more || entries.length > listed.length };
}
