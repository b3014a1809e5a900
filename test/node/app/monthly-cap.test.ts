import { expect } from 'chai';
import { request } from 'undici';
import type { Publication } from '../../../sdk/publish/publish.ts';
import type { StatusDocument } from '../../../node/app/control/documents.ts';
import { eventually } from '../cli/eventually.ts';
import type { NodeProcess, ReadyLine } from '../cli/node-process.ts';
import { TestNetwork, type InitialisedNode } from '../cli/test-network.ts';

const CONTENT_BYTES = 400_000;

describe('the monthly cap of a node', function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let edge: InitialisedNode;
  let running: NodeProcess;
  let ready: ReadyLine;
  let publication: Publication;

  before(async () => {
    network = await TestNetwork.start();
    await network.marketplace();
    edge = await network.init('edge', { extra: ['--monthly-cap', '3MiB', '--free-allowance', '1GiB'] });
    running = network.run(edge);
    ready = await running.ready();
    publication = await network.publish(CONTENT_BYTES);
  });

  after(() => network.stop());

  async function get(path: string): Promise<{ status: number; bytes: number; code: string }> {
    const { statusCode, body } = await request(`${ready.httpUrl}${path}`);
    const bytes = Buffer.from(await body.arrayBuffer());
    const code = /"code":"([A-Z_]+)"/.exec(bytes.toString('latin1'))?.[1] ?? '';
    return { status: statusCode, bytes: bytes.length, code };
  }

  /** What monitoring reads, of figures without labels. */
  async function figures(): Promise<ReadonlyMap<string, number>> {
    const { body } = await request(`${ready.httpUrl}/metrics`);
    const lines = (await body.text()).matchAll(/^(bcdn_\w+) (\S+)$/gm);
    return new Map([...lines].map(([, name = '', value]) => [name, Number(value)]));
  }

  async function status(): Promise<StatusDocument> {
    return JSON.parse((await network.command(edge, 'status', '--json')).stdout) as StatusDocument;
  }

  it('counts what leaves, and sends nothing beyond it, and says so', async () => {
    const path = `/ipfs/${publication.cid.toString()}`;
    let sent = 0;
    for (;;) {
      const { status: code, bytes, code: refusal } = await get(path);
      if (code === 200) {
        sent += bytes;
        expect(sent).to.be.at.most(3 * 2 ** 20);
        continue;
      }
      expect([code, refusal]).to.deep.equal([503, 'MONTHLY_CAP_REACHED']);
      break;
    }
    expect(sent).to.equal(7 * CONTENT_BYTES);
    const { traffic, earning, state, problems } = await status();
    expect(traffic).to.include({ capBytes: String(3 * 2 ** 20) });
    expect(Number(traffic?.sentBytes)).to.be.within(sent, 3 * 2 ** 20);
    expect(state).to.equal('degraded');
    expect(problems.map(({ code }) => code)).to.include('MONTHLY_CAP_REACHED');
    expect(earning.because).to.match(/^the monthly cap of 3 MiB is used up until \d{4}-\d\d-01$/);
    expect(earning.run).to.equal('run bcdn-node start --monthly-cap SIZE');
    expect((await get('/readyz')).status).to.equal(503);
    const exported = await figures();
    expect(exported.get('bcdn_month_sent_bytes')).to.equal(Number(traffic?.sentBytes));
    expect(exported.get('bcdn_month_cap_bytes')).to.equal(3 * 2 ** 20);
    expect(exported.get('bcdn_month_cap_reached')).to.equal(1);
    const resetsAt = Date.parse(traffic?.resetsAt ?? '') / 1_000;
    expect(exported.get('bcdn_month_reset_timestamp_seconds')).to.equal(resetsAt);
    expect(exported.get('bcdn_draining')).to.equal(0);
  });

  it('remembers it over SIGKILL, and goes on with a higher cap', async () => {
    await running.end('SIGKILL');
    running = network.run(edge);
    ready = await running.ready();
    expect((await get(`/ipfs/${publication.cid.toString()}`)).code).to.equal('MONTHLY_CAP_REACHED');
    await running.end('SIGTERM');
    running = network.run(edge, ['--monthly-cap', '1GiB']);
    ready = await running.ready();
    expect((await get('/readyz')).status).to.equal(200);
    await eventually(async () => {
      expect((await get(`/ipfs/${publication.cid.toString()}`)).status).to.equal(200);
    });
    expect(Number((await status()).traffic?.sentBytes)).to.be.at.least(8 * CONTENT_BYTES);
  });
});
