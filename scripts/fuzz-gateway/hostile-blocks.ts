import { hash } from 'node:crypto';

import { code as DAG_PB, encode, type PBLink } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

import { SHA2_256 } from '../../sdk/protocol/content.ts';
import { below, type Random } from '../measuring/random-streams.ts';

export interface FuzzedBlock {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/** Nodes of every kind of lie. */
const EACH = 40;
/** A chain of files of one part each, deeper than any real file. */
const DEPTH = 80;
const WIDE = 2_500;
const SIZES = [0n, 1n, 4_096n, 4_097n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n];
const NAMES = [
  ...['', '.', '..', '/', 'a/b', 'a\0b', 'a\r\nset-cookie: x', '"><script>alert(1)</script>'],
  ...['index.html', '\u202etxt.exe', 'x'.repeat(300), 'caf\u00e9', '%2e%2e', 'C:\\x'],
];

/**
 * Blocks that a paying publisher could have placed and that contradict themselves: sizes that are not those of the
 * parts, names that are none, shards with impossible widths, files within files without end, and plain noise.
 */
export async function hostileBlocks(
  random: Random,
  good: readonly FuzzedBlock[],
): Promise<readonly FuzzedBlock[]> {
  const made: FuzzedBlock[] = [];
  const links = (count: number, name: () => string): PBLink[] =>
    Array.from({ length: count }, () => ({
      Hash: anyOf(random, made.length > 0 && random() < 0.3 ? made : good).cid,
      Name: name(),
      Tsize: Number(anyOf(random, SIZES) % 2n ** 53n),
    }));
  for (let i = 0; i < EACH; i++) {
    made.push(
      lyingFile(
        random,
        links(below(random, 20), () => ''),
      ),
    );
    made.push(lyingDirectory(links(below(random, 20), () => anyOf(random, NAMES))));
    made.push(
      lyingShard(
        random,
        links(below(random, 20), () => shardName(random)),
      ),
    );
    made.push(blockOf(noiseOf(random, below(random, 200))));
    made.push(blockOf(torn(random, anyOf(random, good).bytes)));
  }
  made.push(lyingDirectory(links(WIDE, () => `entry-${below(random, WIDE)}`)));
  made.push(...chain(anyOf(random, good).cid));
  return made;
}

function lyingFile(random: Random, links: PBLink[]): FuzzedBlock {
  const unixfs = new UnixFS({
    type: anyOf(random, ['file', 'raw', 'symlink', 'metadata'] as const),
    ...(random() < 0.3 && { data: noiseOf(random, below(random, 64)) }),
    blockSizes: links.slice(0, random() < 0.2 ? 1 : links.length).map(() => anyOf(random, SIZES)),
  });
  return nodeOf(unixfs.marshal(), links);
}

function lyingDirectory(links: PBLink[]): FuzzedBlock {
  // As the format wants them: by name. Two of one name stay two.
  const sorted = links.toSorted((a, b) =>
    Buffer.compare(Buffer.from(a.Name ?? ''), Buffer.from(b.Name ?? '')),
  );
  return nodeOf(new UnixFS({ type: 'directory' }).marshal(), sorted);
}

function lyingShard(random: Random, links: PBLink[]): FuzzedBlock {
  const unixfs = new UnixFS({
    type: 'hamt-sharded-directory',
    data: noiseOf(random, below(random, 33)),
    fanout: anyOf(random, [1n, 2n, 7n, 256n, 1024n, 2n ** 40n]),
    hashType: anyOf(random, [0n, 0x22n, 0x12n]),
  });
  const sorted = links.toSorted((a, b) =>
    Buffer.compare(Buffer.from(a.Name ?? ''), Buffer.from(b.Name ?? '')),
  );
  return nodeOf(unixfs.marshal(), sorted);
}

function shardName(random: Random): string {
  const prefix = below(random, 256).toString(16).toUpperCase().padStart(2, '0');
  return random() < 0.5 ? prefix : prefix + anyOf(random, NAMES);
}

/** Each says that it has the bytes of the one below it. */
function chain(bottom: CID): FuzzedBlock[] {
  const blocks: FuzzedBlock[] = [];
  let below = bottom;
  for (let i = 0; i < DEPTH; i++) {
    const unixfs = new UnixFS({ type: 'file', blockSizes: [4_096n] });
    const block = nodeOf(unixfs.marshal(), [{ Hash: below, Name: '', Tsize: 4_096 }]);
    blocks.push(block);
    below = block.cid;
  }
  return blocks;
}

function torn(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes.subarray(0, 1 + below(random, bytes.length)));
  copy[below(random, copy.length)] = below(random, 256);
  return copy;
}

function noiseOf(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

function nodeOf(Data: Uint8Array, Links: PBLink[]): FuzzedBlock {
  return blockOf(encode({ Data, Links }));
}

/** A block that says by its CID that it is dag-pb, whatever its bytes are. */
function blockOf(bytes: Uint8Array): FuzzedBlock {
  return { cid: CID.createV1(DAG_PB, createDigest(SHA2_256, hash('sha256', bytes, 'buffer'))), bytes };
}

export function anyOf<T>(random: Random, values: readonly [T, ...T[]] | readonly T[]): T {
  const value = values[below(random, values.length)];
  if (value === undefined) throw new RangeError('nothing to choose from');
  return value;
}
