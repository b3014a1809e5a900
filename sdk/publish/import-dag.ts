import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import type { CID } from 'multiformats/cid';

import { balancedFileBuilder, type LeafObserver } from './balanced-file.ts';
import type { SourceEntry } from './content-source.ts';
import { PublishError } from './publish-error.ts';
import { BLOCK_WRITE_CONCURRENCY, FILE_IMPORT_CONCURRENCY } from './publish-limits.ts';

/** Where the blocks of a DAG go. */
export interface DagSink {
  readonly put: (cid: CID, bytes: Uint8Array) => Promise<void>;
  /** Told of the leaves of each file in their order. */
  readonly onLeaf?: LeafObserver;
}

/**
 * Makes the DAG that `ipfs add --cid-version=1 --raw-leaves` makes, in Node and in browsers alike. Settings are named in
 * full: the importer's defaults differ between its profiles and versions.
 * @throws PublishError SOURCE_UNREADABLE, BLOCK_UNSUPPORTED, and what the entries throw
 */
export async function importDag(
  entries: AsyncIterable<SourceEntry>,
  sink: DagSink,
  chunkBytes: number,
): Promise<CID> {
  const store = {
    put: async (cid: CID, bytes: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => {
      if (!(bytes instanceof Uint8Array)) throw blockNotWhole(cid);
      await sink.put(cid, bytes);
      return cid;
    },
  };
  let root: CID | undefined;
  const imported = importer(
    entries as AsyncIterable<{ path: string; content: AsyncIterable<Uint8Array> }>,
    store,
    {
      cidVersion: 1,
      rawLeaves: true,
      fileBuilder: balancedFileBuilder(sink.onLeaf),
      chunker: fixedSize({ chunkSize: chunkBytes }),
      wrapWithDirectory: false,
      shardSplitThresholdBytes: 262_144,
      shardSplitStrategy: 'links-bytes',
      shardFanoutBits: 8,
      fieldOrder: 'links-first',
      blockWriteConcurrency: BLOCK_WRITE_CONCURRENCY,
      fileImportConcurrency: FILE_IMPORT_CONCURRENCY,
    },
  );
  for await (const entry of imported) root = entry.cid;
  if (root === undefined) {
    throw new PublishError('SOURCE_UNREADABLE', 'The source has no entries.', {
      remedy: 'Give a file, a directory or a stream.',
    });
  }
  return root;
}

function blockNotWhole(cid: CID): PublishError {
  return new PublishError('BLOCK_UNSUPPORTED', 'The importer handed over a block in pieces.', {
    values: { cid: cid.toString() },
    remedy: 'Use the version of ipfs-unixfs-importer that package.json names.',
  });
}
