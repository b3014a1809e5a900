import * as dagPb from '@ipld/dag-pb';
import { expect } from 'chai';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';

import { ClientError } from '../../../sdk/client/client-error.ts';
import { FileWalk, type WalkItem } from '../../../sdk/client/file-walk.ts';

interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

async function leaf(bytes: Uint8Array): Promise<Block> {
  return { cid: CID.createV1(raw.code, await sha256.digest(bytes)), bytes };
}

async function node(
  children: readonly { cid: CID; size: bigint }[],
  options: { type?: 'file' | 'directory'; data?: Uint8Array; sizes?: readonly bigint[] } = {},
): Promise<Block> {
  const entry = new UnixFS({ type: options.type ?? 'file', ...(options.data && { data: options.data }) });
  for (const size of options.sizes ?? children.map((child) => child.size)) entry.addBlockSize(size);
  const Links = children.map(({ cid, size }) => ({ Name: '', Tsize: Number(size), Hash: cid }));
  const bytes = dagPb.encode(dagPb.prepare({ Data: entry.marshal(), Links }));
  return { cid: CID.createV1(dagPb.code, await sha256.digest(bytes)), bytes };
}

function taken(walk: FileWalk): WalkItem {
  return walk.take() ?? expect.fail('nothing is pending');
}

function refusal(attempt: () => unknown): ClientError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof ClientError) return error;
    throw error;
  }
  return expect.fail('nothing was refused');
}

describe('FileWalk', () => {
  it('reads a node that carries bytes of its own before those of its children', async () => {
    const child = await leaf(Uint8Array.of(3, 4));
    const root = await node([{ cid: child.cid, size: 2n }], { data: Uint8Array.of(1, 2) });
    const walk = new FileWalk(root.cid);
    expect(walk.accept(taken(walk), root.bytes)).to.deep.equal({ offset: 0, bytes: Uint8Array.of(1, 2) });
    expect(walk.fileBytes).to.equal(4);
    const item = taken(walk);
    expect(item.offset).to.equal(2);
    expect(walk.accept(item, child.bytes)).to.deep.equal({ offset: 2, bytes: Uint8Array.of(3, 4) });
    expect(walk.finished).to.equal(true);
  });

  it('hands blocks out in the order of their bytes, whatever the order in which nodes arrive', async () => {
    const leaves = await Promise.all([1, 2, 3, 4].map((value) => leaf(Uint8Array.of(value))));
    const [a, b, c, d] = leaves.map(({ cid }) => ({ cid, size: 1n }));
    if (!a || !b || !c || !d) return expect.fail('four leaves');
    const left = await node([a, b]);
    const right = await node([c, d]);
    const root = await node([
      { cid: left.cid, size: 2n },
      { cid: right.cid, size: 2n },
    ]);
    const walk = new FileWalk(root.cid);
    walk.accept(taken(walk), root.bytes);
    const [first, second] = [taken(walk), taken(walk)];
    walk.accept(second, right.bytes);
    expect(walk.peek()?.offset).to.equal(2);
    walk.accept(first, left.bytes);
    expect([taken(walk), taken(walk), taken(walk), taken(walk)].map(({ offset }) => offset)).to.deep.equal([
      0, 1, 2, 3,
    ]);
  });

  it('expands a node only when it is asked for: a huge file needs little memory', async () => {
    const child = await leaf(new Uint8Array(1024));
    const inner = await node(Array.from({ length: 174 }, () => ({ cid: child.cid, size: 1024n })));
    const root = await node(Array.from({ length: 174 }, () => ({ cid: inner.cid, size: 174n * 1024n })));
    const walk = new FileWalk(root.cid);
    walk.accept(taken(walk), root.bytes);
    walk.accept(taken(walk), inner.bytes);
    let pending = 0;
    const seen = new Set<string>();
    for (let item = walk.take(); item !== undefined; item = walk.take()) {
      pending += 1;
      seen.add(item.cid.toString());
    }
    expect(pending).to.equal(173 + 174);
    expect(seen.size).to.equal(2);
  });

  describe('refuses', () => {
    it('a directory', async () => {
      const root = await node([], { type: 'directory' });
      const walk = new FileWalk(root.cid);
      const error = refusal(() => walk.accept(taken(walk), root.bytes));
      expect(error.code).to.equal('NOT_A_FILE');
      expect(error.values['type']).to.equal('directory');
    });

    it('bytes that are no UnixFS node', async () => {
      const bytes = Uint8Array.of(255, 255, 255);
      const walk = new FileWalk(CID.createV1(dagPb.code, await sha256.digest(bytes)));
      expect(refusal(() => walk.accept(taken(walk), bytes)).code).to.equal('DAG_INVALID');
    });

    it('a child that is longer or shorter than its parent declares', async () => {
      const child = await leaf(Uint8Array.of(1, 2, 3));
      for (const declared of [2n, 4n]) {
        const root = await node([{ cid: child.cid, size: declared }]);
        const walk = new FileWalk(root.cid);
        walk.accept(taken(walk), root.bytes);
        const error = refusal(() => walk.accept(taken(walk), child.bytes));
        expect(error.code).to.equal('DAG_INVALID');
        expect(error.message).to.contain('3 bytes').and.contain(`declares ${declared}`);
      }
    });

    it('links without sizes, and parts of no or impossible size', async () => {
      const child = await leaf(new Uint8Array(0));
      for (const sizes of [[], [0n], [2n ** 60n]]) {
        const root = await node([{ cid: child.cid, size: 0n }], { sizes });
        const walk = new FileWalk(root.cid);
        expect(refusal(() => walk.accept(taken(walk), root.bytes)).code).to.equal('DAG_INVALID');
      }
    });

    it('a leaf that no edge would serve', async () => {
      const child = await leaf(new Uint8Array(1));
      const root = await node([{ cid: child.cid, size: 2n ** 30n }]);
      const walk = new FileWalk(root.cid);
      const error = refusal(() => walk.accept(taken(walk), root.bytes));
      expect(error.code).to.equal('DAG_LIMIT_EXCEEDED');
      expect(error.values['actual']).to.equal(2 ** 30);
    });

    it('a DAG that is deeper than any file needs', async () => {
      const chain: Block[] = [await node([{ cid: (await leaf(Uint8Array.of(1))).cid, size: 1n }])];
      for (let depth = 0; depth < 40; depth++) {
        chain.unshift(await node([{ cid: chain[0]?.cid ?? expect.fail('a chain'), size: 1n }]));
      }
      const walk = new FileWalk(chain[0]?.cid ?? expect.fail('a chain'));
      const error = refusal(() => chain.forEach(({ bytes }) => walk.accept(taken(walk), bytes)));
      expect(error.code).to.equal('DAG_LIMIT_EXCEEDED');
      expect(error.values).to.include({ what: 'depth', limit: 32 });
    });
  });
});
