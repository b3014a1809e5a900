import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Wallet } from 'ethers';
import { request } from 'undici';
import { dataDirAt } from '../../../node/app/config/data-dir.ts';
import type { EarningsDocument, StatusDocument } from '../../../node/app/control/documents.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { publish } from '../../../sdk/publish/publish.ts';
import { eventually } from './eventually.ts';
import { TestNetwork, type InitialisedNode } from './test-network.ts';

const CONTENT_BYTES = 1_500_000;

describe('bcdn-node dashboard', function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let edge: InitialisedNode;
  let url: string;
  let token: string;

  before(async () => {
    network = await TestNetwork.start();
    const { url: marketplaceUrl } = await network.marketplace();
    edge = await network.init('edge');
    await network.run(edge).ready();
    const wallet = new Wallet(network.chain.privateKeys[5] ?? '');
    await network.fund(wallet.address);
    const provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    try {
      const { cid } = await eventually(() =>
        publish({
          source: { kind: 'stream', stream: Readable.from([new Uint8Array(randomBytes(CONTENT_BYTES))]) },
          sender: new TransactionSender({ provider, wallet, deployment: network.deployment }),
          marketplaceUrl,
          replicas: 1,
        }),
      );
      const sink = { write: () => undefined };
      await fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
    } finally {
      provider.destroy();
    }
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
});
