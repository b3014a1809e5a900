import * as dagPb from '@ipld/dag-pb';
import type { CID } from 'multiformats/cid';

/** UnixFS DataType of a file (UnixFS specification, data format). */
const FILE_TYPE = 2;
/** Protobuf tags: field number times eight, wire type varint. */
const TYPE_TAG = 0x08;
const FILE_SIZE_TAG = 0x18;
const BLOCK_SIZE_TAG = 0x20;

/** A part of a file: a leaf, or a node over other parts. */
export interface FilePart {
  readonly cid: CID;
  /** Bytes of the file below it. */
  readonly fileBytes: bigint;
  /** Bytes of all blocks below it, itself included: the Tsize of a link to it. */
  readonly treeBytes: bigint;
}

/** What a node over these parts looks like, ready to be hashed and stored. */
export interface FileNode {
  readonly block: Uint8Array;
  readonly fileBytes: bigint;
  readonly treeBytes: bigint;
}

/**
 * Encodes the inner node of a file as kubo does: dag-pb with a UnixFS `file` that lists the size of every part.
 *
 * Sizes are written here because `ipfs-unixfs` 13.1 (protons-runtime 7.1) writes numbers from 2³¹ to 2³² − 1 wrongly:
 * files of two to four GiB would get a root that nobody can read.
 */
export function encodeFileNode(parts: readonly FilePart[]): FileNode {
  const fileBytes = parts.reduce((sum, part) => sum + part.fileBytes, 0n);
  const entry = [TYPE_TAG, FILE_TYPE, FILE_SIZE_TAG, ...varint(fileBytes)];
  for (const part of parts) entry.push(BLOCK_SIZE_TAG, ...varint(part.fileBytes));
  const Links = parts.map(({ cid, treeBytes }) => ({ Name: '', Tsize: Number(treeBytes), Hash: cid }));
  const block = dagPb.encode(dagPb.prepare({ Data: Uint8Array.from(entry), Links }));
  const below = parts.reduce((sum, part) => sum + part.treeBytes, 0n);
  return { block, fileBytes, treeBytes: below + BigInt(block.length) };
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    if (rest < 0x80n) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
