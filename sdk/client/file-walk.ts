import { MAX_SERVED_BLOCK_BYTES } from '../protocol/limits.ts';
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';

import { RAW_CODEC, requireSupported } from '../protocol/content.ts';
import { ClientError } from './client-error.ts';
import { MAX_DAG_DEPTH, MAX_LINKS_PER_NODE } from './client-limits.ts';

/** Bytes of a file: from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A block of the file that is needed next. */
export interface WalkItem {
  readonly cid: CID;
  /** Where in the file its bytes begin. */
  readonly offset: number;
  /** File bytes below it, as its parent declares; undefined for the root. */
  readonly fileBytes: number | undefined;
  /** Most bytes that the block itself can have. */
  readonly blockBytes: number;
  readonly depth: number;
}

/** Bytes of the file that a block brought. */
export interface FilePiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Walks the DAG of one file in the order of its bytes, expanding a node only when everything before it has been asked
 * for: what is pending stays small however large the file is.
 *
 * A DAG is input from outside: its depth, links and declared sizes are checked, and a node that declares other sizes
 * than its children have is refused. Pure: blocks are fetched and verified by the caller.
 */
export class FileWalk {
  /** Needed blocks that were not handed out yet, in the order of their bytes. */
  #pending: WalkItem[];
  /** Handed out and not yet accepted. */
  readonly #underWay = new Set<WalkItem>();
  #range: ByteRange | undefined;
  #fileBytes: number | undefined;

  /** @param range bytes wanted @default the whole file */
  constructor(root: CID, range?: ByteRange) {
    this.#range = range;
    const item = { cid: root, offset: 0, fileBytes: undefined, blockBytes: MAX_SERVED_BLOCK_BYTES, depth: 0 };
    this.#pending = [item];
  }

  /** Length of the file, known once its root has been accepted. */
  get fileBytes(): number | undefined {
    return this.#fileBytes;
  }

  /** Whether nothing more is needed. */
  get finished(): boolean {
    return this.#pending.length === 0 && this.#underWay.size === 0;
  }

  /** The next block to fetch, without taking it. */
  peek(): WalkItem | undefined {
    return this.#pending[0];
  }

  /** Takes the next block to fetch. */
  take(): WalkItem | undefined {
    const item = this.#pending.shift();
    if (item !== undefined) this.#underWay.add(item);
    return item;
  }

  /**
   * Takes a verified block in.
   * @returns the bytes of the file that it brought, cut to the range
   * @throws ClientError DAG_INVALID, DAG_LIMIT_EXCEEDED, NOT_A_FILE
   */
  accept(item: WalkItem, block: Uint8Array): FilePiece | undefined {
    const node = item.cid.code === RAW_CODEC ? { data: block, children: [] } : decodeFileNode(item, block);
    const fileBytes = node.data.length + node.children.reduce((sum, child) => sum + child.fileBytes, 0);
    requireDeclaredSize(item, fileBytes);
    if (item.fileBytes === undefined) this.#fileBytes = fileBytes;
    this.#expand(item, node);
    this.#underWay.delete(item);
    return this.#cut({ offset: item.offset, bytes: node.data });
  }

  /**
   * Takes a leaf in whose bytes are where they belong already.
   * @returns where in the file they are, cut to the range
   */
  acceptPresent(
    item: WalkItem,
    length: number,
  ): { readonly offset: number; readonly length: number } | undefined {
    this.#underWay.delete(item);
    const start = Math.max(item.offset, this.#range?.start ?? 0);
    const end = Math.min(item.offset + length, this.#range?.end ?? Infinity);
    return start < end ? { offset: start, length: end - start } : undefined;
  }

  #expand(item: WalkItem, node: FileNode): void {
    if (node.children.length > 0 && item.depth >= MAX_DAG_DEPTH) {
      throw tooLarge(item, 'depth', item.depth + 1, MAX_DAG_DEPTH);
    }
    let offset = item.offset + node.data.length;
    const needed: WalkItem[] = [];
    for (const { cid, fileBytes } of node.children) {
      if (this.#overlaps(offset, fileBytes))
        needed.push(itemOf(cid, { offset, fileBytes, depth: item.depth + 1 }));
      offset += fileBytes;
    }
    const at = this.#pending.findIndex((pending) => pending.offset >= offset);
    if (at === -1) this.#pending.push(...needed);
    else this.#pending.splice(at, 0, ...needed);
  }

  #overlaps(offset: number, bytes: number): boolean {
    return this.#range === undefined || (offset < this.#range.end && offset + bytes > this.#range.start);
  }

  #cut(piece: FilePiece): FilePiece | undefined {
    if (this.#range === undefined) return piece.bytes.length > 0 ? piece : undefined;
    const start = Math.max(piece.offset, this.#range.start);
    const end = Math.min(piece.offset + piece.bytes.length, this.#range.end);
    if (start >= end) return undefined;
    return { offset: start, bytes: piece.bytes.subarray(start - piece.offset, end - piece.offset) };
  }
}

interface FileNode {
  readonly data: Uint8Array;
  readonly children: readonly { readonly cid: CID; readonly fileBytes: number }[];
}

function itemOf(cid: CID, at: { offset: number; fileBytes: number; depth: number }): WalkItem {
  // A raw leaf is its bytes; how long an inner node is cannot be known before it is there.
  const blockBytes = cid.code === RAW_CODEC ? at.fileBytes : MAX_SERVED_BLOCK_BYTES;
  return { cid, blockBytes, ...at };
}

function decodeFileNode(item: WalkItem, block: Uint8Array): FileNode {
  const { links, entry } = decodeNode(item.cid, block);
  if (entry.type !== 'file' && entry.type !== 'raw') {
    throw new ClientError('NOT_A_FILE', `${item.cid.toString()} is a ${entry.type}, not a file.`, {
      values: { cid: item.cid.toString(), type: entry.type },
      remedy: 'Name a file inside it, as in cid/path/to/file.',
    });
  }
  if (links.length !== entry.blockSizes.length)
    throw invalid(item.cid, 'it does not declare a size for every link');
  const children = links.map((link, index) => {
    const child = {
      cid: requireSupported(link.Hash),
      fileBytes: declaredSize(item.cid, entry.blockSizes[index]),
    };
    if (child.cid.code === RAW_CODEC && child.fileBytes > MAX_SERVED_BLOCK_BYTES) {
      throw tooLarge(item, 'bytes of a block', child.fileBytes, MAX_SERVED_BLOCK_BYTES);
    }
    return child;
  });
  return { data: entry.data ?? new Uint8Array(0), children };
}

/** Decodes a UnixFS node within its limits. @throws ClientError DAG_INVALID, DAG_LIMIT_EXCEEDED */
function decodeNode(cid: CID, block: Uint8Array): { links: readonly dagPb.PBLink[]; entry: UnixFS } {
  let node: dagPb.PBNode;
  let entry: UnixFS;
  try {
    node = dagPb.decode(block);
    entry = UnixFS.unmarshal(node.Data ?? new Uint8Array(0));
  } catch (cause) {
    throw invalid(cid, 'it cannot be decoded as a UnixFS node', cause);
  }
  if (node.Links.length > MAX_LINKS_PER_NODE) {
    throw new ClientError('DAG_LIMIT_EXCEEDED', `${cid.toString()} has too many links.`, {
      values: { cid: cid.toString(), links: node.Links.length, limit: MAX_LINKS_PER_NODE },
      remedy: 'Ask the publisher to publish the content again with the usual layout.',
    });
  }
  return { links: node.Links, entry };
}

function declaredSize(cid: CID, size: bigint | undefined): number {
  // A child of no bytes adds nothing but work: a small hostile DAG could name it without end.
  if (size === undefined || size < 1n || size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(cid, 'it declares an impossible size of a part');
  }
  return Number(size);
}

function requireDeclaredSize(item: WalkItem, fileBytes: number): void {
  if (!Number.isSafeInteger(item.offset + fileBytes))
    throw invalid(item.cid, 'its declared size is impossible');
  if (item.fileBytes !== undefined && item.fileBytes !== fileBytes) {
    throw invalid(item.cid, `it holds ${fileBytes} bytes where its parent declares ${item.fileBytes}`);
  }
}

function tooLarge(item: WalkItem, what: string, actual: number, limit: number): ClientError {
  return new ClientError('DAG_LIMIT_EXCEEDED', `The DAG of the file exceeds its limit of ${what}.`, {
    values: { cid: item.cid.toString(), what, actual, limit },
    remedy: 'Ask the publisher to publish the content again with the usual layout.',
  });
}

function invalid(cid: CID, reason: string, cause?: unknown): ClientError {
  return new ClientError('DAG_INVALID', `${cid.toString()} is not a valid part of a file: ${reason}.`, {
    values: { cid: cid.toString(), reason },
    remedy: 'Ask the publisher to publish the content again; its bytes are as signed, but make no file.',
    cause,
  });
}
