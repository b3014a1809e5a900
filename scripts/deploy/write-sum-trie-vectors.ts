/**
 * Writes test/vectors/sum-trie.json: tries, samples and multiproofs of fixed leaves. Contracts and TypeScript are
 * checked against the same file.
 *
 * node scripts/deploy/write-sum-trie-vectors.ts
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { id } from 'ethers';
import { format } from 'prettier';

import { bytesToHex, hexToBytes } from '../../sdk/protocol/bytes.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../sdk/protocol/identifiers.ts';
import { claimSeed, drawSamples } from '../../sdk/protocol/sampled-claim.ts';
import {
  compareKeys,
  openLeaves,
  rootOf,
  type FrontierItem,
  type TrieLeaf,
} from '../../sdk/protocol/sum-trie.ts';
import { REPOSITORY_ROOT } from './hardhat-environment.ts';

/** Numbers of leaves and of samples. */
const SIZES: readonly (readonly [leaves: number, samples: number])[] = [
  [1, 1],
  [1, 32],
  [2, 4],
  [3, 16],
  [50, 16],
  [200, 32],
];

const leavesOf = (count: number): TrieLeaf[] =>
  Array.from({ length: count }, (_, i) => ({
    key: hexToBytes(id(`bcdn vector leaf ${i}`)),
    bytes: 1_000n + (BigInt(id(`bcdn vector bytes ${i}`)) % 1_000_000n),
  })).sort(compareKeys);

const textOf = (item: FrontierItem): Readonly<Record<string, string | number>> =>
  item.kind === 'leaf'
    ? { branch: item.branch, key: bytesToHex(item.key), bytes: item.bytes.toString() }
    : { branch: item.branch, word: bytesToHex(item.word) };

function vectorOf(count: number, samples: number): Readonly<Record<string, unknown>> {
  const leaves = leavesOf(count);
  const root = rootOf(leaves);
  const ingredients = {
    blockHash: id('bcdn vector block'),
    salt: id(`bcdn vector salt ${samples}`),
    dealId: parseDealId(id('deal')),
    node: parseAddress('0x00000000000000000000000000000000000bcd02'),
    toEpoch: parseEpoch(20_778),
  };
  const seed = claimSeed({ ...ingredients, rootWord: root.word });
  const drawn = drawSamples(seed, root.totalBytes, samples);
  return {
    leaves: leaves.map(({ key, bytes }) => ({ key: bytesToHex(key), bytes: bytes.toString() })),
    rootWord: bytesToHex(root.word),
    seed: { ...ingredients, seed: bytesToHex(seed) },
    samples: drawn.map(String),
    frontier: openLeaves(leaves, drawn).map(textOf),
  };
}

/** All vectors; the same in every run. */
export function makeTrieVectors(): Readonly<Record<string, unknown>> {
  return {
    about: 'Written by scripts/deploy/write-sum-trie-vectors.ts. Layouts: sdk/protocol/SPEC.md.',
    tries: SIZES.map(([leaves, samples]) => vectorOf(leaves, samples)),
  };
}

if (process.argv[1] === import.meta.filename) {
  const path = join(REPOSITORY_ROOT, 'test', 'vectors', 'sum-trie.json');
  await writeFile(path, await format(JSON.stringify(makeTrieVectors()), { parser: 'json', printWidth: 110 }));
}
