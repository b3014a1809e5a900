import * as dagPb from '@ipld/dag-pb';
import { expect } from 'chai';
import fc from 'fast-check';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';

import { encodeFileNode } from '../../../sdk/publish/file-node.ts';

const leaf = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');

describe('encodeFileNode', () => {
  it('writes the bytes that protobuf prescribes for sizes on both sides of 2³¹ and 2³²', () => {
    const cases: readonly [bigint, string][] = [
      [1n, '01'],
      [127n, '7f'],
      [128n, '8001'],
      [2n ** 31n - 1n, 'ffffffff07'],
      [2n ** 31n, '8080808008'],
      [3n * 2n ** 30n + 5n, '858080800c'],
      [2n ** 32n - 1n, 'ffffffff0f'],
      [2n ** 32n, '8080808010'],
    ];
    for (const [fileBytes, varint] of cases) {
      const node = encodeFileNode([{ cid: leaf, fileBytes, treeBytes: fileBytes }]);
      const { Data = new Uint8Array() } = dagPb.decode(node.block);
      expect(Buffer.from(Data).toString('hex')).to.equal(`080218${varint}20${varint}`);
    }
  });

  it('is read back by the UnixFS library, and equals what that writes for files below 2 GiB', () => {
    const sizes = fc.array(fc.bigInt({ min: 1n, max: 2n ** 45n }), { minLength: 1, maxLength: 174 });
    fc.assert(
      fc.property(sizes, (fileSizes) => {
        const parts = fileSizes.map((fileBytes) => ({ cid: leaf, fileBytes, treeBytes: fileBytes + 3n }));
        const node = encodeFileNode(parts);
        const { Data = new Uint8Array(), Links } = dagPb.decode(node.block);
        const read = UnixFS.unmarshal(Data);
        expect(read.type).to.equal('file');
        expect(read.blockSizes).to.deep.equal(fileSizes);
        expect(read.fileSize()).to.equal(node.fileBytes);
        expect(Links.map(({ Tsize }) => BigInt(Tsize ?? -1))).to.deep.equal(
          parts.map(({ treeBytes }) => treeBytes),
        );
        expect(node.treeBytes).to.equal(
          parts.reduce((sum, { treeBytes }) => sum + treeBytes, BigInt(node.block.length)),
        );
        if (node.fileBytes < 2n ** 31n) {
          const written = new UnixFS({ type: 'file' });
          for (const size of fileSizes) written.addBlockSize(size);
          expect(Buffer.from(Data).equals(written.marshal())).to.equal(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
