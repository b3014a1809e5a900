import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Libp2p } from '@libp2p/interface';

import type { ContentSink } from '../../../sdk/client/content-sink.ts';
import { fetchContent, type FetchOptions, type FetchResult } from '../../../sdk/client/fetch-content.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { chooseSource } from '../../../sdk/libp2p/source-choice.ts';
import { createViewerHost } from '../../../sdk/libp2p/viewer-host.ts';
import { contentOf, patternBytes } from '../../node/adapters/content-fixture.ts';
import { TestNetwork } from '../client/test-network.ts';
import { StreamEdge, type ReadBlock } from './stream-edge.ts';

const MIB = 1_048_576;

describe('fetchContent over libp2p streams', function () {
  this.timeout(60_000);
  let directory: string;
  let network: TestNetwork;
  let viewer: Libp2p;
  let http: UndiciExchange;
  let edges: StreamEdge[];
  let written: Buffer;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-streams-'));
    viewer = await createViewerHost();
    http = new UndiciExchange();
    edges = [];
  });

  afterEach(async () => {
    await http.close();
    await viewer.stop();
    for (const edge of edges) await edge.stop();
    await network.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function placed(bytes: Uint8Array, reads: readonly (ReadBlock | undefined)[]): Promise<void> {
    const content = await contentOf([{ content: bytes }], 256 * 1024);
    const blocks = new Map(content.blocks.map((block) => [block.cid.toString(), block.bytes]));
    network = new TestNetwork({ root: content.root, blocks });
    await network.start(reads.map(() => ({})));
    for (const [index, edge] of network.edges.entries()) {
      edges.push(await StreamEdge.start(network, edge, { directory, read: reads[index] }));
    }
    written = Buffer.alloc(bytes.length);
  }

  async function fetched(options: FetchOptions = {}): Promise<FetchResult> {
    const sink: ContentSink = {
      write: async (bytes, offset) => {
        written.set(bytes, offset);
      },
    };
    const { root, marketplaceUrl } = network;
    const openSource = chooseSource({ http, host: viewer }, 'auto');
    const request = { cid: root, marketplaceUrl, viewerKey: randomBytes(32), sink };
    return await fetchContent(request, { ...options, components: { http, openSource } });
  }

  it('gets every byte from several nodes, and the sums of both sides agree', async () => {
    const bytes = patternBytes(8 * MIB);
    await placed(bytes, [undefined, undefined]);
    const result = await fetched();
    expect(Buffer.compare(written, bytes)).to.equal(0);
    expect(result.receipts.map(({ heldBy }) => heldBy)).to.satisfy((held: string[]) =>
      held.every((by) => by === 'node'),
    );
    for (const [index, edge] of edges.entries()) {
      const node = network.edges[index]?.node;
      const verified = node === undefined ? 0 : (result.bytesByNode.get(node) ?? 0);
      expect(edge.sums).to.deep.equal({ served: verified, receipted: verified });
    }
  });

  it('drops a node that lies about bytes, and gets them elsewhere', async () => {
    const bytes = patternBytes(4 * MIB);
    const lying: ReadBlock = async (block) => block.map((byte, index) => (index === 5 ? byte ^ 1 : byte));
    await placed(bytes, [lying, undefined]);
    const result = await fetched();
    expect(Buffer.compare(written, bytes)).to.equal(0);
    expect(result.droppedNodes.map(({ reason }) => reason)).to.deep.equal(['corrupt']);
    expect(edges[0]?.sums.receipted).to.equal(0);
  });

  it('drops a node that never answers, and one whose connection breaks', async () => {
    const bytes = patternBytes(8 * MIB);
    const silent: ReadBlock = () => new Promise(() => undefined);
    let reads = 0;
    const dying: ReadBlock = async (block) => {
      if (++reads === 4)
        for (const connection of edges[1]?.host.getConnections() ?? []) connection.abort(new Error('cut'));
      if (reads >= 4) await edges[1]?.host.unhandle([...(edges[1]?.host.getProtocols() ?? [])]);
      return block;
    };
    await placed(bytes, [silent, dying, undefined]);
    const result = await fetched({ stallTimeoutMs: 1_000 });
    expect(Buffer.compare(written, bytes)).to.equal(0);
    expect(result.droppedNodes.map(({ reason }) => reason)).to.include('stalled');
    const verified = [...result.bytesByNode.values()].reduce((sum, n) => sum + n, 0);
    expect(verified).to.be.at.least(bytes.length);
  });

  it('says which nodes failed when none is left', async () => {
    await placed(patternBytes(MIB), [undefined]);
    await edges[0]?.host.stop();
    let code = 'fetched';
    try {
      await fetched({ stallTimeoutMs: 500 });
    } catch (error) {
      code = String((error as { code?: string }).code);
    }
    expect(code).to.equal('NO_SOURCES');
  });
});
