import { CarBufferWriter } from '@ipld/car';
import type { CID } from 'multiformats/cid';

const VARINT_DATA_BITS = 7;

/** Header of a CARv1 with one root. */
export function carHeader(root: CID): Uint8Array {
  const bytes = CarBufferWriter.headerLength({ roots: [root] });
  return CarBufferWriter.createWriter(new ArrayBuffer(bytes), { roots: [root] }).close();
}

/** What stands before the bytes of a block in a CAR: the length of the section, and the CID. */
export function sectionHead(cid: CID, blockBytes: number): Uint8Array<ArrayBuffer> {
  const length = varint(cid.bytes.length + blockBytes);
  const head = new Uint8Array(length.length + cid.bytes.length);
  head.set(length);
  head.set(cid.bytes, length.length);
  return head;
}

/** Length of the section of a block. */
export function sectionBytes(cid: CID, blockBytes: number): number {
  const section = cid.bytes.length + blockBytes;
  return varint(section).length + section;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 2 ** VARINT_DATA_BITS)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
