import { hash } from 'node:crypto';

import { LeafTable } from '../../../../node/core/origin/leaf-table.ts';

/** A table of leaves that lie side by side; leaves with the same number have the same bytes. */
export function tableOf(leaves: readonly { readonly name: number; readonly length: number }[]): LeafTable {
  const table = new LeafTable();
  let offset = 0;
  for (const { name, length } of leaves) {
    table.add(digestOf(name), offset, length);
    offset += length;
  }
  return table;
}

export function digestOf(name: number): Uint8Array {
  return hash('sha256', Uint8Array.of(name, name >> 8, name >> 16), 'buffer');
}
