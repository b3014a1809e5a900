import { hash } from 'node:crypto';

import { encode } from '@ipld/dag-pb';
import { expect } from 'chai';
import { UnixFS } from 'ipfs-unixfs';
import { importer } from 'ipfs-unixfs-importer';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

import { GatewayError } from '../../../../node/adapters/http/gateway-error.ts';
import { murmur3 } from '../../../../node/adapters/http/murmur3.ts';
import { findInShards } from '../../../../node/adapters/http/shard-lookup.ts';
import { DAG_PB_CODEC, SHA2_256 } from '../../../../sdk/protocol/content.ts';

const ENTRIES = 700;

describe('murmur3', () => {
  it('is that of the reference (first 64 of 128 bits)', () => {
    // SMHasher, MurmurHash3_x64_128 with seed 0.
    expect(murmur3(new Uint8Array(0))).to.equal(0n);
    expect(murmur3(Buffer.from('The quick brown fox jumps over the lazy dog')).toString(16)).to.equal(
      'e34bbc7bbc071b6c',
    );
  });
});

describe('findInShards', () => {
  const blocks = new Map<string, Uint8Array>();
  let root: CID;

  function put(bytes: Uint8Array): CID {
    const cid = CID.createV1(DAG_PB_CODEC, createDigest(SHA2_256, hash('sha256', bytes, 'buffer')));
    blocks.set(cid.toString(), bytes);
    return cid;
  }

  const read = async (cid: CID): Promise<Uint8Array> => blocks.get(cid.toString()) ?? new Uint8Array(0);

  before(async () => {
    const files = Array.from({ length: ENTRIES }, (_, i) => ({
      ...{ path: `dir/entry ${i}`, content: Buffer.from(`entry ${i}`) },
    }));
    const sink = {
      put: async (cid: CID, bytes: unknown): Promise<CID> => {
        if (bytes instanceof Uint8Array) blocks.set(cid.toString(), bytes);
        return cid;
      },
    };
    const options = { cidVersion: 1 as const, rawLeaves: true, shardSplitThresholdBytes: 0 };
    for await (const entry of importer(files, sink, options)) root = entry.cid;
  });

  it('finds every name of a directory that another program sharded, through the shards it names', async () => {
    for (let i = 0; i < ENTRIES; i++) {
      const trail: CID[] = [];
      const found = await findInShards(root, `entry ${i}`, { read, trail });
      expect(Buffer.from(await read(found ?? root)).toString()).to.equal(`entry ${i}`);
      expect(trail.length).to.be.at.most(3);
    }
    expect(await findInShards(root, 'entry', { read, trail: [] })).to.equal(undefined);
    expect(await findInShards(root, '', { read, trail: [] })).to.equal(undefined);
  });

  it('takes no shard of an impossible width, nor one that never ends', async () => {
    const shard = (fanout: bigint) =>
      new UnixFS({ type: 'hamt-sharded-directory', data: new Uint8Array(1), fanout }).marshal();
    const wrong = [
      ...[shard(1n), shard(2n), shard(7n), shard(2n ** 40n), shard(0n)],
      new UnixFS({ type: 'directory' }).marshal(),
    ].map((Data) => put(encode({ Data, Links: [] })));
    let deep = put(encode({ Data: shard(8n), Links: [] }));
    for (let i = 0; i < 30; i++) {
      const Links = Array.from({ length: 8 }, (_, n) => ({ Hash: deep, Name: String(n), Tsize: 1 }));
      deep = put(encode({ Data: shard(8n), Links }));
    }
    for (const cid of [...wrong, deep]) {
      const error: unknown = await findInShards(cid, 'x', { read, trail: [] }).catch(
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(GatewayError).that.includes({ code: 'CONTENT_DAMAGED', status: 422 });
    }
  });
});
