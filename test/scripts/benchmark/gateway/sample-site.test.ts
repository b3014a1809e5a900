import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { requireEqualAnswers } from '../../../../scripts/benchmark/gateway/equal-answers.ts';
import { CASE_NAMES, sampleSite } from '../../../../scripts/benchmark/gateway/sample-site.ts';
import { Servers } from '../../../../scripts/benchmark/gateway/servers.ts';

describe('what the bench of the gateway asks for', () => {
  let directory: string;
  const servers = new Servers();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-bench-gateway-test-'));
  });
  after(async () => {
    await servers.end();
    await rm(directory, { recursive: true, force: true });
  });

  it('is answered alike by the edge and by bare Node, whole and in ranges', async () => {
    const site = await sampleSite(directory, { coldObjects: 4, seed: 7 });
    await servers.start(site, { directory, nginx: undefined, hotBytes: 4 << 20 });
    expect([...servers.running.keys()]).to.deep.equal(['bcdn', 'node']);
    const requests = CASE_NAMES.flatMap((name) => site.requests[name].slice(0, 8));
    expect(requests).to.have.length(8 + 8 + 4 + 8 + 4);
    expect(new Set(requests.map(({ path, range }) => `${path} ${range}`))).to.have.property('size', 32);
    await requireEqualAnswers(servers.origins, requests);
  }).timeout(60_000);

  it('is compared byte for byte', async () => {
    const [one, two] = await Promise.all([serverOf('a'.repeat(99)), serverOf(`${'a'.repeat(98)}b`)]);
    const request = { path: '/', range: undefined };
    await requireEqualAnswers([originOf(one), originOf(one)], [request]);
    const failure = await requireEqualAnswers([originOf(one), originOf(two)], [request]).catch(
      (error: unknown) => error,
    );
    one.closeAllConnections();
    two.closeAllConnections();
    await Promise.all([one, two].map(async (server) => new Promise((resolve) => server.close(resolve))));
    expect(failure).to.include({ code: 'BENCH_RESULT_WRONG' });
  });
});

async function serverOf(body: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
