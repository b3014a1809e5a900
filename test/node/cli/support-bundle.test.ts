import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { Wallet } from 'ethers';
import { request } from 'undici';
import { dataDirAt } from '../../../node/app/config/data-dir.ts';
import { readPasswordFile } from '../../../node/adapters/keystore/password-file.ts';
import { openOperatorKeystore } from '../../../node/adapters/keystore/operator-keystore.ts';
import { TestNetwork, type InitialisedNode } from './test-network.ts';

const NAMES = [
  ...['ABOUT.txt', 'versions.json', 'config.json', 'status.json', 'doctor.json', 'ring.json'],
  ...['metrics.txt', 'disk.json', 'log.jsonl'],
];

/** Raw block of no bytes, which any node has. */
const EMPTY_CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';

describe('bcdn-node support-bundle', function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let edge: InitialisedNode;
  let running: { end(signal: NodeJS.Signals): Promise<number | null> };
  let gateway: string;

  before(async () => {
    network = await TestNetwork.start();
    await network.marketplace();
    edge = await network.init('edge', { extra: ['--workers', '2'] });
    const node = network.run(edge);
    running = node;
    ({ httpUrl: gateway } = await node.ready());
  });

  after(() => network.stop());

  async function bundle(name: string): Promise<{ path: string; text: string; names: string[] }> {
    const path = join(network.directory, name);
    const { code, stdout, stderr } = await network.command(edge, 'support-bundle', '--json', '--out', path);
    expect(code, stderr).to.equal(0);
    const document = JSON.parse(stdout) as { schema: string; path: string; files: string[] };
    expect(document).to.deep.include({ schema: 'bcdn-node/support-bundle/1', path, files: NAMES });
    // What any tar makes of it, not only what wrote it.
    const { stdout: listed } = await promisify(execFile)('tar', ['-tzf', path]);
    const { stdout: text } = await promisify(execFile)('tar', ['-xzOf', path], { maxBuffer: 2 ** 26 });
    expect(gunzipSync(await readFile(path)).length % 512).to.equal(0);
    return { path, text, names: listed.trim().split('\n') };
  }

  it('holds what a helper needs, for its owner only, and overwrites nothing', async () => {
    const { path, text, names } = await bundle('first.tar.gz');
    expect(names).to.deep.equal(NAMES);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(text).to.contain('"state": "serving"');
    expect(text).to.contain('bcdn_ready 1');
    expect(text).to.contain('Position on the ring');
    expect(text).to.contain('"check": "reachability"');
    const again = await network.command(edge, 'support-bundle', '--json', '--out', path);
    expect([again.code, JSON.parse(again.stdout)]).to.have.nested.property(
      '[1].error.code',
      'BUNDLE_UNWRITABLE',
    );
  });

  it('holds what the workers counted, as the gateway exports it', async () => {
    for (let time = 0; time < 5; time++) {
      const { body } = await request(`${gateway}/ipfs/${EMPTY_CID}`, { headers: { connection: 'close' } });
      await body.dump();
    }
    const answered = /^bcdn_http_requests_total\{.*route="ipfs".*\} (\d+)/m;
    const { body } = await request(`${gateway}/metrics`);
    expect(answered.exec(await body.text())?.[1]).to.equal('5');
    const { text } = await bundle('workers.tar.gz');
    expect(answered.exec(text)?.[1]).to.equal('5');
  });

  it('holds no key, no password, no grant and no address of a viewer, whatever the log and the settings hold', async () => {
    const dataDir = dataDirAt(edge.dataDir);
    const password = await readPasswordFile(network.passwordFile);
    const { privateKey } = await openOperatorKeystore(dataDir.keystore, password);
    const networkKey = (await readFile(dataDir.libp2pKey, 'utf8')).trim();
    const dashboardToken = (await readFile(dataDir.dashboardToken, 'utf8')).trim();
    const foreign = Wallet.createRandom().privateKey;
    const grant = randomBytes(170).toString('base64url');
    const lines = [
      { client: '203.0.113.77', msg: `refused grant ${grant}` },
      { client: '2001:db8::77:1', msg: `a key ${foreign} and ${privateKey.slice(2)}` },
      {
        url: 'https://user:hunter2@chain.example/v3/project-secret?key=query-secret',
        client: '::ffff:203.0.113.78',
      },
    ];
    await running.end('SIGTERM');
    await writeFile(dataDir.log, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { flag: 'a' });
    const config = JSON.parse(await readFile(dataDir.config, 'utf8')) as { settings: Record<string, string> };
    config.settings['rpcUrl'] = `${network.chain.url}/v3/project-secret`;
    await writeFile(dataDir.config, JSON.stringify(config));
    const { text } = await bundle('second.tar.gz');
    expect(text).to.contain('refused grant <removed>');
    expect(text).to.contain('https://chain.example/<removed>');
    expect(text).to.contain(`${network.chain.url}/<removed>`);
    expect(text).to.contain('"code": "NODE_OFFLINE"');
    const secrets = {
      password,
      networkKey,
      dashboardToken,
      grant,
      ...{ operatorKey: privateKey.slice(2), foreignKey: foreign.slice(2) },
      ...{ viewer4: '203.0.113.77', viewer6: '2001:db8::77:1', mapped: '203.0.113.78' },
      ...{ user: 'hunter2', path: 'project-secret', query: 'query-secret' },
    };
    for (const [name, secret] of Object.entries(secrets)) {
      expect(text.toLowerCase().includes(secret.toLowerCase()), name).to.equal(false);
    }
  });
});
