import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { request } from 'undici';
import { dataDirAt } from '../../../node/app/config/data-dir.ts';
import type { EarningsDocument, StatusDocument } from '../../../node/app/control/documents.ts';
import {
  capacityAnswer,
  drainAnswer,
  healthAnswer,
  statusAnswer,
  trafficAnswer,
} from '../../../node/dashboard/node-data/documents.ts';
import {
  earningsAnswer,
  entriesAnswer,
  previewAnswer,
  priceAnswer,
  settleAnswer,
} from '../../../node/dashboard/node-data/money-documents.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { selectionsOf } from '../../scripts/operations/promql.ts';
import { eventually } from './eventually.ts';
import { TestNetwork, type InitialisedNode } from './test-network.ts';

const CONTENT_BYTES = 1_500_000;
const GRAFANA = join(import.meta.dirname, '../../../scripts/operations/grafana-dashboard.json');

describe('bcdn-node dashboard', function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let edge: InitialisedNode;
  let gateway: string;
  let url: string;
  let token: string;

  before(async () => {
    network = await TestNetwork.start();
    const { url: marketplaceUrl } = await network.marketplace();
    edge = await network.init('edge');
    // It settles only when it is told to.
    const patient = ['--settle-minimum-wei', `1${'0'.repeat(30)}`];
    ({ httpUrl: gateway } = await network.run(edge, patient).ready());
    const { cid } = await network.publish(CONTENT_BYTES);
    const sink = { write: () => undefined };
    // The marketplace may not have read the deal from the chain yet.
    await eventually(async () => {
      await fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
    });
  });

  after(() => network.stop());

  async function said<T>(command: string, ...args: string[]): Promise<T> {
    const { stdout, stderr } = await network.command(edge, command, '--json', ...args);
    expect(stdout, stderr).not.to.equal('');
    return JSON.parse(stdout) as T;
  }

  async function asked<T>(action: string, question: unknown = {}): Promise<T> {
    const { body } = await request(`${url}/v1${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(question),
    });
    return (await body.json()) as T;
  }

  it('prints the address with the token, which only the operator can read', async () => {
    const printed = await said<{ schema: string; url: string; address: string }>('dashboard');
    expect(printed.schema).to.equal('bcdn-node/dashboard/1');
    ({ url } = printed);
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    token = new URL(printed.address).hash.replace('#token=', '');
    expect(printed.address).to.equal(`${url}/#token=${token}`);
    expect((await stat(dataDirAt(edge.dataDir).dashboardToken)).mode & 0o777).to.equal(0o600);
    expect((await said<StatusDocument>('status')).dashboardUrl).to.equal(url);
    const { stdout } = await network.command(edge, 'dashboard');
    expect(stdout).to.equal(`${printed.address}\n`);
  });

  it('says what the command line says, to the last unit', async () => {
    await eventually(async () => {
      const before = await said<StatusDocument>('status');
      const desk = await asked<StatusDocument>('/status');
      const { money, bytes, earning } = await said<StatusDocument>('status');
      expect({ money, bytes }).to.deep.equal({ money: before.money, bytes: before.bytes });
      expect({ money: desk.money, bytes: desk.bytes, earning: desk.earning }).to.deep.equal({
        ...{ money, bytes, earning },
      });
      expect(BigInt(money.meteredWei) > 0n).to.equal(true);
      for (const by of ['day', 'deal', 'publisher', 'content']) {
        const { schema, ...printed } = await said<EarningsDocument & { schema: string }>(
          'earnings',
          '--by',
          by,
        );
        expect(schema).to.equal('bcdn-node/earnings/1');
        expect(await asked<EarningsDocument>('/earnings', { by }), by).to.deep.equal(printed);
        expect(printed.total.meteredWei).to.equal(money.meteredWei);
      }
    });
  });

  it('names the receipts behind an amount, and counts what was sent and received', async () => {
    const { total, rows } = earningsAnswer.parse(await asked('/earnings', { by: 'deal' }));
    const { receipts, receiptsInAll } = entriesAnswer.parse(
      await asked('/entries', { dealId: rows[0]?.key }),
    );
    expect(receiptsInAll).to.equal(receipts.length);
    expect(receipts.reduce((sum, { bytes }) => sum + bytes, 0n)).to.equal(total.bytes);
    const other = entriesAnswer.parse(await asked('/entries', { dealId: `0x${'11'.repeat(32)}` }));
    expect(other).to.deep.equal({ payments: [], paymentsInAll: 0, receipts: [], receiptsInAll: 0 });
    const malformed = await asked<{ error: { code: string } }>('/entries', { day: 'yesterday' });
    expect(malformed.error.code).to.equal('CONTROL_MALFORMED');

    const { samples } = trafficAnswer.parse(await asked('/traffic'));
    const newest = samples.at(-1);
    expect(newest?.sentBytes).to.be.at.least(CONTENT_BYTES);
    expect(newest?.receivedBytes).to.be.at.least(CONTENT_BYTES);
    expect(newest?.transfers).to.be.above(0);
    const { disk } = capacityAnswer.parse(await asked('/capacity'));
    const status = statusAnswer.parse(await asked('/status'));
    expect([disk.usedBytes, disk.limitBytes]).to.deep.equal([status.disk.usedBytes, status.disk.limitBytes]);
  });

  it('checks what doctor checks', async () => {
    const { findings } = healthAnswer.parse(await asked('/doctor'));
    const printed = await said<{ findings: { check: string }[] }>('doctor');
    expect(findings.map(({ check }) => check)).to.deep.equal(printed.findings.map(({ check }) => check));
  });

  it('changes the price, drains and cancels, as the command line sees it', async () => {
    expect(priceAnswer.parse(await asked('/price', { askWeiPerGib: '7' })).askWeiPerGib).to.equal(7n);
    expect(await said('price')).to.include({ askWeiPerGib: '7' });
    expect(drainAnswer.parse(await asked('/drain', { what: 'begin' })).draining).to.equal(true);
    expect((await said<StatusDocument>('status')).drainingSince).not.to.equal(null);
    expect(drainAnswer.parse(await asked('/drain', { what: 'cancel' })).draining).to.equal(false);
    expect((await said<StatusDocument>('status')).drainingSince).to.equal(null);
  });

  it('settles after it has said what that costs, and then names the transaction', async () => {
    await eventually(async () => {
      previewAnswer.parse(await asked('/settle/preview'));
      settleAnswer.parse(await asked('/settle'));
      const { money } = await said<StatusDocument>('status');
      expect(money.paidWei).to.equal(money.meteredWei);
    });
    const { total, rows } = earningsAnswer.parse(await asked('/earnings', { by: 'publisher' }));
    await eventually(async () => {
      const { payments } = entriesAnswer.parse(await asked('/entries', { publisher: rows[0]?.key }));
      expect(payments.reduce((sum, { paidWei }) => sum + paidWei, 0n)).to.equal(total.paidWei);
      const receipt = await network.provider.getTransactionReceipt(payments[0]?.transaction ?? '');
      expect(receipt?.status).to.equal(1);
      expect(payments[0]?.block).to.equal(receipt?.blockNumber);
    });
  });

  it('exports every metric that the dashboard of Grafana asks of a node', async () => {
    const { body } = await request(`${gateway}/metrics`);
    const families = new Set([...(await body.text()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    const expressions = [...(await readFile(GRAFANA, 'utf8')).matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(
      ([, quoted = '""']) => JSON.parse(quoted) as string,
    );
    const asked = expressions
      .filter((expression) => expression.includes('job="bcdn-node"'))
      .flatMap((expression) => selectionsOf(expression).map(({ metric }) => metric));
    expect(asked).to.include('bcdn_ready').and.include('bcdn_served_bytes_total');
    const familyOf = (metric: string): string => metric.replace(/_(?:total|bucket|sum|count)$/, '');
    expect(asked.filter((metric) => !families.has(metric) && !families.has(familyOf(metric)))).to.deep.equal(
      [],
    );
  });

  it('has no desk with --dashboard-port none, and says so', async () => {
    const peer = await network.init('peer', { role: 'peer' });
    await network.run(peer, ['--dashboard-port', 'none']).ready();
    const { code, stdout } = await network.command(peer, 'dashboard', '--json');
    expect([code, (JSON.parse(stdout) as { error: { code: string } }).error.code]).to.deep.equal([
      ...[1, 'DASHBOARD_OFF'],
    ]);
  });
});
