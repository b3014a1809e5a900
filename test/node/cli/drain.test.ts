import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect } from 'chai';
import { request } from 'undici';
import type { StatusDocument } from '../../../node/app/control/documents.ts';
import type { DrainDocument } from '../../../node/app/control/drain-documents.ts';
import { dataDirAt } from '../../../node/app/config/data-dir.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import type { Publication } from '../../../sdk/publish/publish.ts';
import { eventually } from './eventually.ts';
import type { NodeProcess, ReadyLine } from './node-process.ts';
import { TestNetwork, type InitialisedNode } from './test-network.ts';

const CONTENT_BYTES = 1_500_000;

describe('bcdn-node drain', function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let marketplaceUrl: string;
  let edge: InitialisedNode;
  let other: InitialisedNode;
  let running: NodeProcess;
  let ready: ReadyLine;
  let publication: Publication;

  before(async () => {
    network = await TestNetwork.start();
    ({ url: marketplaceUrl } = await network.marketplace());
    [edge, other] = await Promise.all([network.init('edge'), network.init('other')]);
    running = network.run(edge);
    [ready] = await Promise.all([running.ready(), network.run(other).ready()]);
    await network.edgesUp(2);
    publication = await network.publish(CONTENT_BYTES, { replicas: 2 });
  });

  after(() => network.stop());

  async function drain(...args: string[]): Promise<DrainDocument & { code: number | null; stderr: string }> {
    const { code, stdout, stderr } = await network.command(edge, 'drain', '--json', ...args);
    expect(stdout, stderr).not.to.equal('');
    return { ...(JSON.parse(stdout) as DrainDocument), code, stderr };
  }

  async function status(): Promise<StatusDocument> {
    return JSON.parse((await network.command(edge, 'status', '--json')).stdout) as StatusDocument;
  }

  function fetchIt(): ReturnType<typeof fetchContent> {
    return fetchContent({
      cid: publication.cid,
      marketplaceUrl,
      viewerKey: randomBytes(32),
      sink: { write: () => undefined },
    });
  }

  const readyStatus = async (): Promise<number> => {
    const { statusCode, body } = await request(`${ready.httpUrl}/readyz`);
    await body.dump();
    return statusCode;
  };

  it('settles everything that is due, and says when nothing is left', async () => {
    await fetchIt();
    const report = await drain('--wait');
    expect(report, report.stderr).to.deep.include({ code: 0, draining: true, running: true, done: true });
    expect(report.left).to.deep.equal({
      openGrants: 0,
      atRiskBytes: '0',
      unsettledWei: '0',
      voucherDueWei: '0',
      inClaimWei: '0',
    });
    const { money } = await status();
    expect(BigInt(money.paidWei) > 0n, money.paidWei).to.equal(true);
    expect(money.paidWei).to.equal(money.meteredWei);
  });

  it('is passed by: not ready, nothing without a grant, fetches come from the others', async () => {
    expect(await readyStatus()).to.equal(503);
    const metrics = await request(`${ready.httpUrl}/metrics`);
    expect(await metrics.body.text()).to.match(/^bcdn_draining 1$/m);
    const free = await request(`${ready.httpUrl}/ipfs/${publication.cid.toString()}?format=raw`);
    expect(free.statusCode).to.equal(503);
    expect(await free.body.json()).to.have.nested.property('error.code', 'NODE_DRAINING');
    const { money: before } = await status();
    await eventually(async () => {
      await fetchIt();
    });
    expect((await status()).money.meteredWei).to.equal(before.meteredWei);
  });

  it('is said by status, with the command that ends it', async () => {
    const document = await status();
    expect(document.state).to.equal('draining');
    expect(document.earning).to.deep.equal({
      yes: false,
      because: 'its operator drains it',
      run: 'run bcdn-node drain --cancel',
    });
    const { code, stdout } = await network.command(edge, 'status');
    expect(code).to.equal(3);
    const run = `run bcdn-node drain --data-dir ${edge.dataDir} --cancel`;
    expect(stdout)
      .to.match(/Earning: no, because its operator drains it → .+\n$/)
      .and.to.contain(run);
  });

  it('outlives a restart, can be cancelled while the node is stopped, and then it serves again', async () => {
    await running.end('SIGTERM');
    running = network.run(edge);
    ready = await running.ready();
    expect(await readyStatus()).to.equal(503);
    await running.end('SIGTERM');
    expect((await stat(dataDirAt(edge.dataDir).drain)).mode & 0o777).to.equal(0o600);
    expect(await drain('--wait')).to.deep.include({ code: 4, draining: true, running: false, left: null });
    expect(await drain('--cancel')).to.deep.include({ code: 0, draining: false, running: false });
    running = network.run(edge);
    ready = await running.ready();
    expect(await readyStatus()).to.equal(200);
    expect((await status()).drainingSince).to.equal(null);
  });

  it('is cancelled while the node runs', async () => {
    expect(await drain()).to.deep.include({ code: 0, draining: true });
    expect(await readyStatus()).to.equal(503);
    expect(await drain('--cancel')).to.deep.include({ code: 0, draining: false, running: true });
    expect(await readyStatus()).to.equal(200);
    expect((await network.command(edge, 'drain', '--cancel', '--wait')).code).to.equal(2);
  });

  it('waits for a request that is under way when it is stopped, and forces it on a second signal', async () => {
    const { hostname, port } = new URL(ready.httpUrl);
    const client = connect({ host: hostname, port: Number(port) });
    client.on('error', () => undefined);
    client.write(`POST /bcdn/v1/receipts HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 1000\r\n\r\nhalf`);
    // The node has the connection when it answers another one.
    await readyStatus();
    running.signal('SIGTERM');
    await eventually(async () =>
      expect(running.stderr()).to.contain('SIGTERM: draining. Once more to force.'),
    );
    expect(await running.end('SIGTERM')).to.equal(1);
    client.destroy();
  });
});
