import { mkdir, mkdtemp, rm, writeFile, open } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { endByPid, NetworkCommand, processesNaming, type Report } from './network-command.ts';

const MIB = 1024 * 1024;

/** `npm start -- --once --json`: whole networks of real processes, one edge killed and one lying in each. */
describe('the whole job', function () {
  this.timeout(900_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-job-'));
  });

  afterEach(async () => rm(folder, { recursive: true, force: true }));

  type Launch = ConstructorParameters<typeof NetworkCommand>[0];

  const run = async (launch: Launch, name: string, input: string): Promise<Report> => {
    const network = join(folder, name);
    await mkdir(network);
    const flags = ['--once', '--json', '--input', input, '--folder', network];
    const report = await new NetworkCommand(launch, ...flags).report();
    expect(await processesNaming(network), 'processes left behind').to.deep.equal([]);
    return report;
  };

  const expectSound = (report: Report, bytes: number): void => {
    expect(report.checks.filter(({ ok }) => !ok)).to.deep.equal([]);
    expect(report).to.deep.include({ ok: true, conserved: true, chainId: 31_337, edges: 6, peers: 2 });
    expect(report.content.bytes).to.equal(bytes);
    expect(report.bytesDelivered).to.equal(bytes * report.viewers);
    expect(report.lookups.oneHop).to.be.above(0);
    expect(report.ring.healedMs).to.be.above(0);
    expect(report.ring.lookups).to.be.above(0);
    expect(report.ring.failedLookups).to.equal(0);
    expect(report.badBlocksRejected).to.be.above(0);
    const roles = report.operators.map(({ role }) => role);
    expect(roles).to.deep.equal([...Array<string>(6).fill('edge'), 'peer', 'peer']);
    for (const { earnedWei, paidWei } of report.operators) expect(earnedWei).to.equal(paidWei);
    const { escrowedWei, spentWei, refundedWei } = report.publisher;
    expect(escrowedWei).to.equal(spentWei + refundedWei);
    expect(report.operators.reduce((sum, { paidWei }) => sum + paidWei, 0n)).to.equal(spentWei);
  };

  it('holds for an empty file and for one byte, in two networks beside each other', async () => {
    const empty = join(folder, 'empty');
    const one = join(folder, 'one');
    await writeFile(empty, '');
    await writeFile(one, 'x');
    const [emptyReport, oneReport] = await Promise.all([
      run('npm start', 'network-1', empty),
      run('program', 'network-2', one),
    ]);
    expectSound(emptyReport, 0);
    expect(emptyReport.content.cid).to.equal('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
    expect(emptyReport.publisher.spentWei).to.equal(0n);
    expectSound(oneReport, 1);
    expect(oneReport.publisher.spentWei > 0n).to.equal(true);
  });

  it('holds for 300 MiB to eight viewers, every edge under 300 MB of memory', async () => {
    const input = join(folder, 'input');
    const file = await open(input, 'w');
    const piece = new Uint8Array(4 * MIB);
    for (let written = 0; written < 300 * MIB; written += piece.length)
      await file.write(randomFillSync(piece));
    await file.close();
    const report = await run('program', 'network', input);
    expectSound(report, 300 * MIB);
    expect(report.viewers).to.equal(8);
    expect(report.publisher.paidToPeersWei > 0n).to.equal(true);
    // One receipted byte more than the file's: the inner nodes of its DAG are blocks too.
    expect(report.bytesReceipted).to.be.at.least(report.bytesDelivered);
  });

  it('leaves no process behind when it is killed in the middle', async () => {
    const network = join(folder, 'network');
    await mkdir(network);
    const command = new NetworkCommand('program', '--once', '--folder', network);
    await command.said('Nodes registered');
    const processes = await processesNaming(network);
    expect(processes.length).to.be.above(8);
    endByPid(command.pid, 'SIGKILL');
    await command.ended();
    for (let left = processes; left.length > 0; left = await processesNaming(network)) await sleep(100);
    expect(await processesNaming(network)).to.deep.equal([]);
  });

  it('says what is wrong with an input that cannot be read, and exits with 1', async () => {
    const command = new NetworkCommand('npm start', '--once', '--json', '--input', join(folder, 'missing'));
    expect(await command.ended()).to.equal(1);
    expect(command.stdout).to.equal('');
    expect(command.stderr).to.include('cannot be read').and.to.include('missing');
  });

  it('refuses options that make no sense, and exits with 2', async () => {
    const command = new NetworkCommand('program', '--json');
    expect(await command.ended()).to.equal(2);
    expect(command.stderr).to.include('--once');
  });
});
