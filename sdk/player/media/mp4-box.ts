import { ByteReader } from './byte-reader.ts';

/** A box of ISO media (ISO/IEC 14496-12, section 4.2): where its content begins and where it ends. */
export interface Box {
  readonly type: string;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** Size and type; a size of eight bytes makes it longer. */
export const BOX_HEADER = 8;
export const LARGE_BOX_HEADER = 16;

/** The box that begins there; undefined where none can begin. */
export function boxAt(bytes: Uint8Array, at: number, end: number): Box | undefined {
  const reader = new ByteReader(bytes, at);
  if (reader.left < BOX_HEADER) return undefined;
  const size = reader.uint(4);
  const type = reader.latin(4);
  if (size === 1) {
    if (reader.left < 8) return undefined;
    const large = reader.uint(8);
    return large < LARGE_BOX_HEADER ? undefined : { type, at, start: reader.at, end: at + large };
  }
  if (size === 0) return { type, at, start: reader.at, end };
  return size < BOX_HEADER ? undefined : { type, at, start: reader.at, end: at + size };
}

/** Boxes inside another, as far as they are there. */
export function* childrenOf(bytes: Uint8Array, parent: Box): Generator<Box> {
  let at = parent.start;
  while (at < parent.end) {
    const box = boxAt(bytes, at, parent.end);
    if (box === undefined || box.end > parent.end || box.end > bytes.length) return;
    yield box;
    at = box.end;
  }
}

/** The first box of a type inside another. */
export function childOf(bytes: Uint8Array, parent: Box, type: string): Box | undefined {
  for (const child of childrenOf(bytes, parent)) if (child.type === type) return child;
  return undefined;
}

/** The box that a path of types leads to. */
export function descend(bytes: Uint8Array, from: Box, path: readonly string[]): Box | undefined {
  let box: Box | undefined = from;
  for (const type of path) box = box && childOf(bytes, box, type);
  return box;
}
