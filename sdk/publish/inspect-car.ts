import { createHash } from 'node:crypto';

import { CarBlockIterator } from '@ipld/car/iterator';
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';

import { existingCarFile } from './car-file.ts';
import type { ImportedContent } from './imported-content.ts';
import { PublishError } from './publish-error.ts';
import { MAX_CAR_BLOCKS, MAX_PUBLISHED_BLOCK_BYTES } from './publish-limits.ts';

/**
 * Reads a publisher's CAR once and checks that edges will take it: one root, every block hashed right, of a codec
 * and size that edges serve, and no block of the DAG missing.
 *
 * @throws PublishError SOURCE_UNREADABLE, CAR_INVALID, CAR_INCOMPLETE, CAR_TOO_LARGE, BLOCK_UNSUPPORTED
 */
export async function inspectCar(path: string, signal?: AbortSignal): Promise<ImportedContent> {
  const carFile = await existingCarFile(path).catch((cause: unknown) => {
    throw new PublishError('SOURCE_UNREADABLE', `${path} cannot be read.`, {
      values: { path },
      remedy: 'Check that the archive exists and that you may read it.',
      cause,
    });
  });
  const census = new Census(path);
  const stream = carFile.read(signal);
  try {
    const car = await CarBlockIterator.fromIterable(stream);
    const roots = await car.getRoots();
    const [root] = roots;
    if (root === undefined || roots.length !== 1)
      throw invalid(path, `it names ${roots.length} roots instead of one`);
    census.need(root);
    for await (const { cid, bytes } of car) census.add(cid, bytes);
    census.requireComplete();
    return { root, bytes: census.fileBytes, blocks: census.blocks, carFile };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PublishError) throw error;
    throw invalid(path, error instanceof Error ? error.message : String(error));
  } finally {
    stream.destroy();
  }
}

/** Which blocks came and which are still referred to. Holds hashes only. */
class Census {
  readonly #path: string;
  readonly #present = new Set<string>();
  readonly #missing = new Map<string, CID>();
  fileBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get blocks(): number {
    return this.#present.size;
  }

  need(cid: CID): void {
    const key = cid.toString();
    if (!this.#present.has(key)) this.#missing.set(key, cid);
  }

  add(cid: CID, bytes: Uint8Array): void {
    requireSupported(this.#path, cid, bytes);
    const key = cid.toString();
    this.#missing.delete(key);
    if (this.#present.has(key)) return;
    this.#present.add(key);
    if (this.#present.size > MAX_CAR_BLOCKS) {
      throw new PublishError('CAR_TOO_LARGE', `${this.#path} holds more than ${MAX_CAR_BLOCKS} blocks.`, {
        values: { path: this.#path, limit: MAX_CAR_BLOCKS },
        remedy: 'Publish the files themselves instead of the archive, or split it.',
      });
    }
    if (cid.code === raw.code) this.fileBytes += bytes.length;
    else this.#addNode(bytes);
  }

  requireComplete(): void {
    const [missing] = this.#missing.values();
    if (missing === undefined) return;
    throw new PublishError('CAR_INCOMPLETE', `${this.#path} lacks ${this.#missing.size} blocks of its DAG.`, {
      values: { path: this.#path, missing: this.#missing.size, first: missing.toString() },
      remedy: 'Export the whole DAG again, for example with `ipfs dag export`.',
    });
  }

  #addNode(bytes: Uint8Array): void {
    const node = dagPb.decode(bytes);
    for (const link of node.Links) this.need(link.Hash);
    if (node.Data === undefined) return;
    const entry = UnixFS.unmarshal(node.Data);
    if (!entry.isDirectory()) this.fileBytes += entry.data?.length ?? 0;
  }
}

function requireSupported(path: string, cid: CID, bytes: Uint8Array): void {
  const values = { path, cid: cid.toString(), bytes: bytes.length };
  const supported = cid.multihash.code === sha256.code && (cid.code === raw.code || cid.code === dagPb.code);
  if (!supported || bytes.length > MAX_PUBLISHED_BLOCK_BYTES) {
    throw new PublishError('BLOCK_UNSUPPORTED', `${path} holds a block that no edge serves: ${values.cid}.`, {
      values: { ...values, limitBytes: MAX_PUBLISHED_BLOCK_BYTES },
      remedy: 'Use sha2-256, the raw and dag-pb codecs, and blocks of at most 1 MiB.',
    });
  }
  const digest = createHash('sha256').update(bytes).digest();
  if (!digest.equals(cid.multihash.digest)) {
    throw invalid(path, `the bytes of block ${values.cid} have another hash`);
  }
}

function invalid(path: string, reason: string): PublishError {
  return new PublishError('CAR_INVALID', `${path} is not a valid CARv1 archive: ${reason}.`, {
    values: { path, reason },
    remedy: 'Export it again; only complete CARv1 archives with one root can be published.',
  });
}
