import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { reportJson } from '../../scripts/simulator/output/report.ts';
import { plotSvg } from '../../scripts/simulator/output/svg-plot.ts';
import { ConstantDelay } from '../../scripts/simulator/networks/constant-delay.ts';
import { GeographicDelay } from '../../scripts/simulator/networks/geographic-delay.ts';
import { churn } from '../../scripts/simulator/scenarios/churn.ts';
import { dissemination } from '../../scripts/simulator/scenarios/dissemination.ts';
import { scenarioInput } from './scenario-input.ts';

const run = promisify(execFile);
const MAIN = 'scripts/simulator/main.ts';

describe('scenario ring-dissemination', () => {
  it('reaches all of 100 nodes within 2.5 RTT over three hops', async () => {
    const report = await dissemination.run(scenarioInput(dissemination, { nodes: 100 }));
    expect(report.violations).to.deep.equal([]);
    expect(report.measured['hops']).to.be.at.most(3);
    expect(report.measured['disseminationRttP99']).to.be.at.most(2.5);
    expect(report.measured['reachedAlive']).to.equal(1);
  });

  it('reaches all living ones of 150 when 30 % are dead and nobody knows', async () => {
    const report = await dissemination.run(
      scenarioInput(dissemination, { nodes: 150, values: { dead: 0.3 } }),
    );
    expect(report.violations).to.deep.equal([]);
    expect(report.measured['reachedAlive']).to.equal(1);
  });

  it('works on a globe with jitter and loss', async () => {
    const input = scenarioInput(dissemination, {
      nodes: 60,
      network: new GeographicDelay(10),
      values: { announcements: 3 },
    });
    const report = await dissemination.run({
      ...input,
      simulation: (changed) => {
        const made = input.simulation(changed);
        made.faults.lossRate = 0.05;
        return made;
      },
    });
    expect(report.measured['reachedAlive']).to.equal(1);
  });
});

describe('scenario ring-churn', () => {
  const small = { nodes: 60, values: { sessionMinutes: 2, duration: 20, warmUp: 5, lookups: 20, keys: 40 } };

  it('holds every invariant with sessions of two minutes', async () => {
    const report = await churn.run(scenarioInput(churn, small));
    expect(report.violations).to.deep.equal([]);
    expect(report.measured['joins']).to.be.greaterThan(3);
    expect(report.measured['lostRecords']).to.equal(0);
    expect(report.measured['falseFailures']).to.equal(0);
    expect(report.measured['firstTryShare']).to.be.greaterThan(0.9);
    expect(plotSvg('test', report)).to.contain('</svg>');
  });

  it('is the same bit for bit in this process and in another', async () => {
    const here = async (): Promise<string> =>
      reportJson(
        { scenario: churn.name, nodes: 60, seed: 9 },
        await churn.run(scenarioInput(churn, { ...small, seed: 9 })),
      );
    const options = [
      '--nodes',
      '60',
      '--seed',
      '9',
      '--session-minutes',
      '2',
      '--duration',
      '20',
      '--warm-up',
      '5',
    ];
    const there = run(process.execPath, [
      MAIN,
      churn.name,
      ...options,
      '--lookups',
      '20',
      '--keys',
      '40',
      '--json',
      '--quiet',
    ]);
    const [first, second] = [await here(), await here()];
    expect(second).to.equal(first);
    expect((await there).stdout.trim()).to.equal(first);
  });

  it('gives other runs for other seeds', async () => {
    const [one, two] = [
      await churn.run(scenarioInput(churn, small)),
      await churn.run(scenarioInput(churn, { ...small, seed: 2 })),
    ];
    expect(one.measured).not.to.deep.equal(two.measured);
  });

  it('charges probes that are not sent like those that are: bytes within 1 % at 100 nodes', async () => {
    const values = { sessionMinutes: 1e6, duration: 30, warmUp: 2, lookups: 0, keys: 0 };
    const input = { nodes: 100, network: new ConstantDelay(100), values };
    const charged = await churn.run(scenarioInput(churn, input));
    const exact = await churn.run(scenarioInput(churn, { ...input, exactProbes: true }));
    const [a, b] = [
      Number(charged.measured['receiveBytesPerSecond']),
      Number(exact.measured['receiveBytesPerSecond']),
    ];
    expect(Math.abs(a - b) / b).to.be.below(0.01);
  });
});

describe('npm run simulate', () => {
  it('explains itself, and refuses what it does not know with exit code 2', async () => {
    const help = await run(process.execPath, [MAIN, '--help']);
    expect(help.stderr).to.contain('ring-churn').and.to.contain('Examples:');
    const mistakes = [
      [],
      ['no-such-scenario'],
      ['ring-churn', '--nodes', '0'],
      ['ring-churn', '--dead', '1'],
    ];
    const refusals = mistakes.map((argv) =>
      run(process.execPath, [MAIN, ...argv]).catch((error: unknown) => error),
    );
    for (const refused of await Promise.all(refusals)) expect(refused).to.have.property('code', 2);
  });

  it('names an unreadable file of delays with its code', async () => {
    const argv = [MAIN, 'ring-dissemination', '--nodes', '10', '--delays', '/no/such/file', '--quiet'];
    const refused = await run(process.execPath, argv).catch((error: unknown) => error);
    expect(refused).to.have.property('code', 1);
    expect(refused).to.have.property('stderr').that.contains('DELAYS_UNREADABLE');
  });

  it('ends with a word and exit code 130 on an interrupt', async () => {
    const argv = [MAIN, 'ring-churn', '--nodes', '300', '--duration', '1000000'];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      child.stderr.setEncoding('utf8');
      let text = '';
      let interrupted = false;
      child.stderr.on('data', (chunk: string) => {
        text += chunk;
        if (interrupted || !text.includes('nodes agree')) return;
        interrupted = child.kill('SIGINT');
      });
      const [code] = (await once(child, 'close')) as [number | null];
      expect(code).to.equal(130);
      expect(text).to.contain('INTERRUPTED');
    } finally {
      child.kill('SIGKILL');
    }
  });
});
