import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';

import { askNode, inProbeGroups } from '../../../marketplace/coordinator/probing.ts';
import { MAX_PARALLEL_PROBES } from '../../../marketplace/limits.ts';

describe('probing', () => {
  it('asks every node once, no more than so many at a time', async () => {
    const nodes = Array.from({ length: 2 * MAX_PARALLEL_PROBES + 3 }, (_, i) => i);
    const asked: number[] = [];
    let now = 0;
    let most = 0;
    const ask = async (node: number): Promise<void> => {
      asked.push(node);
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
    };
    await inProbeGroups(nodes, ask, new AbortController().signal);
    expect(asked).to.deep.equal(nodes);
    expect(most).to.equal(MAX_PARALLEL_PROBES);
  });

  it('asks none any more once it is to stop', async () => {
    const stopping = new AbortController();
    let asked = 0;
    const ask = async (): Promise<void> => {
      asked += 1;
      stopping.abort();
    };
    await inProbeGroups(new Array<number>(2 * MAX_PARALLEL_PROBES).fill(0), ask, stopping.signal);
    expect(asked).to.equal(MAX_PARALLEL_PROBES);
    await inProbeGroups([1], ask, stopping.signal);
    expect(asked).to.equal(MAX_PARALLEL_PROBES);
  });

  describe('over HTTP', () => {
    let server: Server;
    let origin: string;
    const paths: (string | undefined)[] = [];

    before(async () => {
      server = createServer((request, response) => {
        paths.push(request.url);
        if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' }).end();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    after(() => {
      server.closeAllConnections();
      server.close();
    });

    it('follows no redirect', async () => {
      const response = await askNode(`${origin}/moved`, {});
      expect(response.status).to.equal(302);
      expect(paths).to.deep.equal(['/moved']);
    });

    it('is ended by its signal', async () => {
      const stopping = new AbortController();
      const asked = askNode(`${origin}/silent`, { signal: stopping.signal });
      stopping.abort();
      expect(await asked.catch((failure: Error) => failure.name)).to.equal('AbortError');
    });
  });
});
