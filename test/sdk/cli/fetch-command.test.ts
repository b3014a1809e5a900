import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { contentOf, patternBytes } from '../../node/adapters/content-fixture.ts';
import { TestNetwork } from '../client/test-network.ts';
import { StreamEdge } from '../libp2p/stream-edge.ts';
import { bcdn, type CommandResult } from './bcdn-process.ts';

const BYTES = patternBytes(2_000_000);

interface FetchDocument {
  readonly schema: string;
  readonly bytes: number;
  readonly bytesByNode: Readonly<Record<string, number>>;
  readonly receipts: readonly { readonly heldBy: string }[];
  readonly error?: { readonly code: string };
}

describe('bcdn fetch on the command line', function () {
  this.timeout(60_000);
  let directory: string;
  let network: TestNetwork;
  let byStreams: StreamEdge;
  let out: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-fetch-'));
    const content = await contentOf([{ content: BYTES }], 256 * 1024);
    network = new TestNetwork({
      root: content.root,
      blocks: new Map(content.blocks.map(({ cid, bytes }) => [cid.toString(), bytes])),
    });
    await network.start([{}, {}]);
    const [, second] = network.edges;
    if (second === undefined) throw new RangeError('no second edge');
    byStreams = await StreamEdge.start(network, second, { directory });
  });

  beforeEach(() => {
    out = join(directory, `${Math.trunc(performance.now() * 1_000)}.bin`);
  });

  after(async () => {
    await byStreams.stop();
    await network.stop();
    await rm(directory, { recursive: true, force: true });
  });

  function fetched(...options: readonly string[]): Promise<CommandResult> {
    const { root, marketplaceUrl } = network;
    const place = ['--marketplace', marketplaceUrl, '--out', out, '--json'];
    return bcdn(['fetch', root.toString(), ...place, ...options]);
  }

  async function expectWhole({ code, stdout, stderr }: CommandResult): Promise<FetchDocument> {
    expect(code, stderr).to.equal(0);
    expect(Buffer.compare(await readFile(out), BYTES)).to.equal(0);
    const document = JSON.parse(stdout) as FetchDocument;
    expect(document.schema).to.equal('bcdn/fetch/1');
    expect(document.bytes).to.equal(BYTES.length);
    expect(document.receipts.every(({ heldBy }) => heldBy === 'node')).to.equal(true);
    return document;
  }

  it('uses only nodes with libp2p addresses when told so', async () => {
    const { bytesByNode } = await expectWhole(await fetched('--transport', 'libp2p'));
    expect(Object.keys(bytesByNode)).to.deep.equal([network.edges[1]?.node]);
  });

  it('uses only nodes with HTTP when told so', async () => {
    const { bytesByNode } = await expectWhole(await fetched('--transport', 'http'));
    expect(Object.keys(bytesByNode)).to.deep.equal([network.edges[0]?.node]);
  });

  it('reaches each node as it can be reached', async () => {
    const { bytesByNode } = await expectWhole(await fetched());
    expect(Object.keys(bytesByNode).sort()).to.deep.equal(network.edges.map(({ node }) => node).sort());
  });

  it('says what is wrong with how it was called', async () => {
    expect((await fetched('--transport', 'pigeon')).code).to.equal(2);
    const { code, stdout } = await fetched('--viewer-key-file', join(directory, 'nothing'));
    expect(code).to.equal(2);
    expect((JSON.parse(stdout) as FetchDocument).error?.code).to.equal('OPTION_INVALID');
  });
});
