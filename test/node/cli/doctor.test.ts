import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Finding } from '../../../node/app/control/doctor-documents.ts';
import type { StatusDocument } from '../../../node/app/control/documents.ts';
import { dataDirAt } from '../../../node/app/config/data-dir.ts';
import { eventually } from './eventually.ts';
import { bcdnNode, type NodeProcess } from './node-process.ts';
import { TestNetwork, type InitialisedNode } from './test-network.ts';

interface DoctorDocument {
  readonly schema: string;
  readonly running: boolean;
  readonly failed: number;
  readonly findings: readonly Finding[];
}

describe('bcdn-node doctor', function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let nodes: InitialisedNode[];
  let processes: NodeProcess[];

  before(async () => {
    network = await TestNetwork.start();
    await network.marketplace();
    nodes = await Promise.all([network.init('one'), network.init('two'), network.init('three')]);
    processes = nodes.map((node) => network.run(node));
    await Promise.all(processes.map((node) => node.ready()));
    // Others know this node by their registry: dialling back is rationed, so it is waited for before.
    await eventually(async () => {
      for (const node of nodes) {
        const { stdout } = await network.command(node, 'status', '--json');
        const status = JSON.parse(stdout) as StatusDocument;
        expect(status.ring?.members).to.equal(3);
        expect(status.problems).to.deep.equal([]);
      }
    });
  });

  after(() => network.stop());

  const first = (): InitialisedNode => nodes[0] ?? expect.fail('a node');

  async function doctor(
    node = first(),
    ...extra: string[]
  ): Promise<DoctorDocument & { code: number | null }> {
    const { code, stdout, stderr } = await network.command(node, 'doctor', '--json', ...extra);
    expect(stdout, stderr).not.to.equal('');
    return { ...(JSON.parse(stdout) as DoctorDocument), code };
  }

  const finding = ({ findings }: DoctorDocument, check: string): Finding =>
    findings.find((each) => each.check === check) ?? expect.fail(`no line about ${check}`);

  it('finds a healthy node fine, reached by two others over HTTP and libp2p', async () => {
    const report = await doctor();
    expect(report.findings.filter(({ state }) => state !== 'fine')).to.deep.equal([]);
    expect(report).to.include({ schema: 'bcdn-node/doctor/1', code: 0, running: true });
    expect(finding(report, 'reachability').evidence).to.match(
      /^all 3 endpoint\(s\) reached by 0x\w{8}… \(eu-west\) and 0x\w{8}… \(eu-west\)$/,
    );
    expect(report.findings.map(({ check }) => check)).to.include.members([
      ...['version', 'node', 'keystore', 'disk', 'ports', 'chain', 'chain clock', 'clock'],
      ...['gas', 'stake', 'marketplace', 'ring'],
    ]);
  });

  it('prints a mark, the evidence and the one command for each line', async () => {
    await chmod(dataDirAt(first().dataDir).keystore, 0o644);
    try {
      const { code, stdout } = await network.command(first(), 'doctor');
      expect(code).to.equal(1);
      const path = dataDirAt(first().dataDir).keystore;
      expect(stdout).to.contain(
        `✗ keystore     ${path} has mode 644: others on this machine may use it\n  → chmod 600 ${path}\n`,
      );
      expect(stdout).to.match(/✓ chain {8}http:\/\/127\.0\.0\.1:\d+ is chain 31337\n/);
      expect(stdout).to.match(/\d+ fine, \d+ to be looked at, 1 failed\n$/);
      expect(stdout).not.to.contain('\u001b[');
    } finally {
      await chmod(dataDirAt(first().dataDir).keystore, 0o600);
    }
  });

  it('works without a running node: what is wrong with funds, ports and marketplace, with what is needed', async () => {
    const poor = await network.init('poor', { funded: false });
    const report = await doctor(poor);
    expect(report).to.include({ code: 1, running: false });
    expect(finding(report, 'gas')).to.include({ state: 'failed' });
    expect(finding(report, 'gas').evidence).to.match(/^you need .* coin, have 0 coin$/);
    expect(finding(report, 'stake').evidence).to.match(/^not registered: you need .* BCDN, have 0 BCDN$/);
    expect(finding(report, 'node')).to.include({ state: 'warning', run: 'bcdn-node start' });
    expect(finding(report, 'marketplace')).to.include({ state: 'warning' });
  });

  it('names who has taken a port', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const node = await network.init('taken', { extra: ['--tcp-port', String(port)] });
      const { state, evidence, run } = finding(await doctor(node), 'ports');
      expect([state, run]).to.deep.equal(['failed', 'bcdn-node start --tcp-port 0']);
      expect(evidence).to.match(
        new RegExp(`^127\\.0\\.0\\.1 port ${port} is taken by .*\\(pid ${process.pid}\\)$`),
      );
    } finally {
      server.close();
    }
  });

  it('ends with 4 when nothing is wrong but that the node is stopped, and with 3 for what is to be looked at', async () => {
    await processes[2]?.end('SIGTERM');
    const stopped = await doctor(nodes[2]);
    expect(stopped).to.include({ code: 4, running: false, failed: 0 });
    const { evidence, run } = finding(stopped, 'reachability');
    expect(evidence).to.match(/^not known while the node is stopped, .* it would listen on 127\.0\.0\.1, /);
    expect(evidence).to.match(
      /the registry has 3 endpoint\(s\) of its last run: \/ip4\/127\.0\.0\.1\/tcp\/\d+\/http/,
    );
    expect(run).to.match(/^bcdn-node start --http-host 0\.0\.0\.0 /);
    await network.command(first(), 'drain');
    const report = await doctor();
    expect(report).to.include({ code: 3, failed: 0 });
    expect(finding(report, 'node').run).to.equal('bcdn-node drain --cancel');
    await network.command(first(), 'drain', '--cancel');
  });

  it('says that the chain and the marketplace are away', async () => {
    const { stdout } = await bcdnNode(['doctor', '--json', '--data-dir', nodes[2]?.dataDir ?? ''], {
      BCDN_RPC_URL: 'http://user:hidden@127.0.0.1:9/secret-key',
      BCDN_MARKETPLACE_URL: 'http://127.0.0.1:9',
    });
    const report = JSON.parse(stdout) as DoctorDocument;
    expect(finding(report, 'chain')).to.include({ state: 'failed', run: 'bcdn-node start --rpc-url URL' });
    expect(finding(report, 'marketplace')).to.include({ state: 'failed' });
    expect(stdout).not.to.match(/hidden|secret-key/);
  });
});
