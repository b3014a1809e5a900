import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC, requireSupported } from '../../../sdk/protocol/content.ts';
import type { ByteSpan } from '../../core/http-semantics/byte-ranges.ts';
import type { CarForm } from '../../core/http-semantics/content-form.ts';
import { DigestSet } from './digest-set.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_CAR_BLOCKS_KNOWN, MAX_CAR_WAITING } from './gateway-limits.ts';
import type { ResolvedPath } from './path-resolution.ts';
import { damaged, decodeUnixfs, shardsBelow, type UnixfsNode } from './unixfs-node.ts';

/** A block of a CAR, in its turn. */
export interface CarBlock {
  readonly cid: CID;
  /** Undefined for a leaf: it need not be read to know what comes after it. */
  readonly bytes: Uint8Array | undefined;
}

/** multihash code of the identity: such a block stands in the link itself and is sent nowhere. */
const IDENTITY = 0;

/** What of the DAG below a block is wanted. */
type Below =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'everything' }
  | { readonly kind: 'shards' }
  /** Parts of a file, of which this block begins at `start`. */
  | { readonly kind: 'span'; readonly start: number; readonly span: ByteSpan };

interface Visit {
  readonly cid: CID;
  readonly below: Below;
}

/**
 * The blocks of a CAR in depth-first order (trustless gateway specification): those that prove the path, then
 * what the form asks for. One inner node is in memory at a time, beside the links that wait and, if no block
 * may come twice, 32 bytes for each that came.
 * @param span the bytes of the file that entity-bytes means; undefined for all of it
 * @throws GatewayError CONTENT_DAMAGED, CAR_TOO_LONG, and what reading blocks throws
 */
export async function* carBlocks(
  path: ResolvedPath,
  form: Pick<CarForm, 'scope' | 'duplicates'> & { readonly span: ByteSpan | undefined },
  read: (cid: CID) => Promise<Uint8Array>,
): AsyncGenerator<CarBlock, undefined> {
  const sent = form.duplicates ? undefined : new SentBlocks();
  for (const cid of path.trail) {
    if (sent?.first(cid) ?? true) yield { cid, bytes: await read(cid) };
  }
  const waiting: Visit[] = [{ cid: path.entity.cid, below: belowEntity(path, form) }];
  for (let visit = waiting.pop(); visit !== undefined; visit = waiting.pop()) {
    const { cid, below } = visit;
    const partly = below.kind === 'span';
    if (cid.multihash.code === IDENTITY || sent?.withAllBelow(cid) === true) continue;
    const isFirst = sent?.first(cid, partly) ?? true;
    if (requireSupported(cid).code !== DAG_PB_CODEC) {
      if (isFirst) yield { cid, bytes: undefined };
      continue;
    }
    const bytes = await read(cid);
    if (isFirst) yield { cid, bytes };
    if (below.kind === 'nothing') continue;
    const children = childrenOf(decodeUnixfs(cid, bytes), below);
    if (waiting.length + children.length > MAX_CAR_WAITING) {
      throw damaged(cid, 'its DAG is too wide', { maxWaiting: MAX_CAR_WAITING });
    }
    // The first child comes first: it goes on top.
    waiting.push(...children.reverse());
  }
}

/** Blocks that were sent, if none may be sent twice. */
class SentBlocks {
  readonly #known = new DigestSet();
  /** Of these, only a part of what is below them was sent: those on the edges of a range. */
  readonly #partly = new Set<string>();

  /** Whether the block is sent for the first time. @param partly whether only some of its children are visited */
  first(cid: CID, partly = false): boolean {
    const isFirst = this.#known.add(cid);
    if (partly) {
      if (isFirst) this.#partly.add(cid.toString());
    } else if (this.#partly.size > 0) this.#partly.delete(cid.toString());
    if (this.#known.size > MAX_CAR_BLOCKS_KNOWN) throw carTooLong();
    return isFirst;
  }

  /** Whether the block and everything below it was sent before. */
  withAllBelow(cid: CID): boolean {
    return this.#known.has(cid) && (this.#partly.size === 0 || !this.#partly.has(cid.toString()));
  }
}

function belowEntity(
  { entity }: ResolvedPath,
  { scope, span }: Pick<CarForm, 'scope'> & { readonly span: ByteSpan | undefined },
): Below {
  if (scope === 'all') return { kind: 'everything' };
  if (scope === 'block' || entity.kind === 'other') return { kind: 'nothing' };
  if (entity.kind === 'directory') return { kind: 'shards' };
  return span === undefined ? { kind: 'everything' } : { kind: 'span', start: 0, span };
}

function childrenOf(node: UnixfsNode, below: Exclude<Below, { kind: 'nothing' }>): Visit[] {
  switch (below.kind) {
    case 'everything':
      return linksOf(node).map((cid) => ({ cid, below }));
    case 'shards':
      return node.kind === 'shard' ? shardsBelow(node).map((cid) => ({ cid, below })) : [];
    case 'span':
      return node.kind === 'file' ? partsIn(node, below) : [];
  }
}

function linksOf(node: UnixfsNode): CID[] {
  if (node.kind === 'leaf') return [];
  return node.kind === 'file' ? node.children.map(({ cid }) => cid) : node.links.map(({ Hash }) => Hash);
}

/** The children that hold bytes of the span; those that lie in it as a whole are wanted with all below them. */
function partsIn(
  node: Extract<UnixfsNode, { kind: 'file' }>,
  { start, span }: Extract<Below, { kind: 'span' }>,
): Visit[] {
  const parts: Visit[] = [];
  let offset = start + (node.data?.length ?? 0);
  for (const { cid, length } of node.children) {
    const end = offset + length - 1;
    if (length > 0 && offset <= span.end && end >= span.start) {
      const inside = offset >= span.start && end <= span.end;
      parts.push({ cid, below: inside ? { kind: 'everything' } : { kind: 'span', start: offset, span } });
    }
    offset += length;
  }
  return parts;
}

function carTooLong(): GatewayError {
  return new GatewayError(413, 'CAR_TOO_LONG', {
    message: 'The CAR has more blocks than can be told apart.',
    values: { maxBlocks: MAX_CAR_BLOCKS_KNOWN },
    remedy: 'Ask for parts with entity-bytes, or with car-dups=y, which has no such limit.',
  });
}
