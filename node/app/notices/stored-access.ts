import type { CID } from 'multiformats/cid';

import type { BlockReader } from '../../core/storage/block-ports.ts';
import { NodeError } from '../node-error.ts';

/** Blocks of the own store only: what is not here is not fetched. */
export class StoredAccess {
  readonly #store: BlockReader;

  constructor(store: BlockReader) {
    this.#store = store;
  }

  /** @throws NodeError BLOCK_NOT_STORED */
  async get(cid: CID): Promise<Uint8Array> {
    return (await this.#store.get(cid)) ?? notStored(cid);
  }

  /** @throws NodeError BLOCK_NOT_STORED */
  async sizeOf(cid: CID): Promise<number> {
    return (await this.#store.sizeOf(cid)) ?? notStored(cid);
  }
}

function notStored(cid: CID): never {
  throw new NodeError('BLOCK_NOT_STORED', {
    message: 'The block is not stored here.',
    remedy: 'It is fetched when a client asks for it.',
    values: { cid: cid.toString() },
  });
}
