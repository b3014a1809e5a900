import * as dagPb from '@ipld/dag-pb';
import type { ImporterOptions } from 'ipfs-unixfs-importer';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';

import { encodeFileNode, type FilePart } from './file-node.ts';
import { LINKS_PER_NODE } from './publish-limits.ts';

type FileBuilder = NonNullable<ImporterOptions['fileBuilder']>;

/** Is told of a leaf: path of its file, undefined where that has none; its CID; its bytes. */
export type LeafObserver = (path: string | undefined, cid: CID, bytes: number) => void;

/**
 * Builds a file in the balanced layout while its leaves arrive: every node is written as soon as it is full, so that
 * memory does not grow with the file. A file of one leaf is that leaf.
 * @param onLeaf told of the leaves of a file in their order
 */
export const balancedFileBuilder =
  (onLeaf?: LeafObserver): FileBuilder =>
  async (file, blockstore, options) => {
    const tree = new BalancedTree(async (parts) => {
      const { block, fileBytes, treeBytes } = encodeFileNode(parts);
      const cid = CID.createV1(dagPb.code, await sha256.digest(block));
      await blockstore.put(cid, block);
      return { cid, fileBytes, treeBytes };
    });
    for await (const { cid, size } of inOrder(
      options.bufferImporter(file, blockstore),
      options.blockWriteConcurrency,
    )) {
      onLeaf?.(file.path, cid, Number(size));
      await tree.add({ cid, fileBytes: size, treeBytes: size });
    }
    const root = await tree.finish();
    return {
      cid: root.cid,
      size: root.treeBytes,
      ...(file.path !== undefined && { path: file.path }),
      ...(file.originalPath !== undefined && { originalPath: file.originalPath }),
    };
  };

/** Parts that wait for their parent, by level; leaves are level 0. */
class BalancedTree {
  readonly #levels: FilePart[][] = [];
  readonly #write: (parts: readonly FilePart[]) => Promise<FilePart>;

  constructor(write: (parts: readonly FilePart[]) => Promise<FilePart>) {
    this.#write = write;
  }

  async add(part: FilePart, level = 0): Promise<void> {
    const waiting = (this.#levels[level] ??= []);
    waiting.push(part);
    if (waiting.length < LINKS_PER_NODE) return;
    this.#levels[level] = [];
    await this.add(await this.#write(waiting), level + 1);
  }

  /** Closes the levels from below; the one part that is left over all others is the root. */
  async finish(): Promise<FilePart> {
    for (let level = 0; ; level++) {
      const waiting = this.#levels[level] ?? [];
      const [only] = waiting;
      const highest = this.#levels.slice(level + 1).every((above) => above.length === 0);
      if (highest && waiting.length === 1 && only !== undefined) return only;
      if (waiting.length === 0) continue;
      await this.add(await this.#write(waiting), level + 1);
    }
  }
}

/** Runs up to `limit` tasks at a time and yields their results in the order of the tasks. */
async function* inOrder<T>(tasks: AsyncIterable<() => Promise<T>>, limit: number): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  for await (const task of tasks) {
    const result = task();
    // A failure is heard when its turn comes; until then it must not count as unheard.
    void result.catch(() => undefined);
    running.push(result);
    if (running.length < limit) continue;
    const first = running.shift();
    if (first !== undefined) yield await first;
  }
  for (const result of running) yield await result;
}
