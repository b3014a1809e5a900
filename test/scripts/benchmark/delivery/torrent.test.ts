import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { bencode, describeTorrent } from '../../../../scripts/benchmark/delivery/torrent-file.ts';
import { TorrentTracker } from '../../../../scripts/benchmark/delivery/torrent-tracker.ts';

describe('BitTorrent of bench delivery', () => {
  it('encodes the examples of BEP 3', () => {
    expect(bencode('spam').toString()).to.equal('4:spam');
    expect(bencode(3).toString()).to.equal('i3e');
    expect(bencode(-3).toString()).to.equal('i-3e');
    expect(bencode(['spam', 'eggs']).toString()).to.equal('l4:spam4:eggse');
    expect(bencode({ spam: 'eggs', cow: 'moo' }).toString()).to.equal('d3:cow3:moo4:spam4:eggse');
  });

  it('describes a file by the hashes of its pieces', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-torrent-'));
    try {
      const path = join(directory, 'sample.bin');
      const bytes = Buffer.alloc(40_000, 5);
      await writeFile(path, bytes);
      const torrent = await describeTorrent(path, bytes.length, 'http://127.0.0.1:1/announce');
      const pieces = [0, 16_384, 32_768].map((at) =>
        createHash('sha1')
          .update(bytes.subarray(at, at + 16_384))
          .digest(),
      );
      const info = { length: 40_000, name: 'sample.bin', 'piece length': 16_384 };
      const expected = bencode({
        announce: 'http://127.0.0.1:1/announce',
        info: { ...info, pieces: Buffer.concat(pieces), private: 1 },
      });
      expect(torrent.equals(expected)).to.equal(true);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('names the sources to those who download, and nobody to those who have all', async () => {
    const tracker = new TorrentTracker();
    const url = await tracker.start();
    try {
      tracker.name([6_881, 51_413]);
      const toldTo = async (left: number): Promise<Buffer> => {
        const response = await fetch(`${url}?left=${left}`);
        return Buffer.from(await response.arrayBuffer());
      };
      const peers = Buffer.from([127, 0, 0, 1, 0x1a, 0xe1, 127, 0, 0, 1, 0xc8, 0xd5]);
      expect(await toldTo(1_000)).to.deep.equal(bencode({ interval: 1_800, peers }));
      expect(await toldTo(0)).to.deep.equal(bencode({ interval: 1_800, peers: '' }));
    } finally {
      await tracker.stop();
    }
  });
});
