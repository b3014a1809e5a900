import { expect } from 'chai';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { startLocalChain, type LocalChain } from '../../../scripts/deploy/local-chain.ts';
import { decodeDeployment } from '../../../sdk/chain/deployment.ts';
import { openProvider, requireChain } from '../../../sdk/chain/provider.ts';

const END_TIMEOUT_MS = 10_000;
const module = new URL('../../../scripts/deploy/local-chain.ts', import.meta.url).href;
const deploy = new URL('../../../scripts/deploy/deploy.ts', import.meta.url).pathname;

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ended(pid: number): Promise<boolean> {
  const deadline = performance.now() + END_TIMEOUT_MS;
  while (isRunning(pid) && performance.now() < deadline) await sleep(20);
  return !isRunning(pid);
}

describe('the local chain', function () {
  this.timeout(60_000);
  let chain: LocalChain;
  before(async () => {
    chain = await startLocalChain();
  });
  after(() => chain.stop());

  it('runs beside another one, with funded accounts and time that advances by itself', async () => {
    const second = await startLocalChain();
    expect(second.url).not.to.equal(chain.url);
    await second.stop();
    expect(await ended(second.pid)).to.equal(true);

    const provider = openProvider(chain);
    await requireChain(provider, chain);
    expect(chain.accounts).to.have.length(20);
    expect(await provider.getBalance(chain.accounts[19] ?? '')).to.equal(10_000n * 10n ** 18n);
    const blockNumber = await provider.getBlockNumber();
    const deadline = performance.now() + END_TIMEOUT_MS;
    while ((await provider.getBlockNumber()) === blockNumber && performance.now() < deadline) await sleep(50);
    expect(await provider.getBlockNumber()).to.be.greaterThan(blockNumber);
    provider.destroy();
  });

  it('ends when the process that started it is killed', async () => {
    const program = `const { startLocalChain } = await import(${JSON.stringify(module)});
      const chain = await startLocalChain(); console.log(chain.pid);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const pid = Number(line);
    expect(isRunning(pid)).to.equal(true);
    parent.kill('SIGKILL');
    expect(await ended(pid)).to.equal(true);
  });

  it('is deployed to by the command, which prints where the contracts are', async () => {
    const run = promisify(execFile);
    const env = { ...process.env, BCDN_DEPLOYER_KEY: chain.privateKeys[3] };
    const { stdout } = await run(process.execPath, [deploy, '--rpc', chain.url], { env });
    const deployment = decodeDeployment(stdout);
    expect(deployment.chainId).to.equal(31_337n);
    const provider = openProvider(chain);
    for (const address of [deployment.token, deployment.registry, deployment.market]) {
      expect((await provider.getCode(address)).length).to.be.greaterThan(2_000);
    }
    provider.destroy();
  });

  it('refuses a deployment without endpoint, without key, or for an unknown network', async () => {
    const run = promisify(execFile);
    const refuse = async (
      args: string[],
      key: string | undefined,
    ): Promise<{ code?: unknown; stderr?: unknown }> => {
      const env = { ...process.env, BCDN_DEPLOYER_KEY: key };
      try {
        await run(process.execPath, [deploy, ...args], { env });
      } catch (error) {
        return error as { code?: unknown; stderr?: unknown };
      }
      return expect.fail('deployed');
    };
    const key = chain.privateKeys[3];
    expect((await refuse([], key)).stderr).to.contain('--rpc URL');
    expect((await refuse(['--rpc', chain.url], undefined)).code).to.equal(2);
    const unknown = await refuse(['--rpc', chain.url, '--network', 'moon'], key);
    expect(unknown.stderr).to.contain('no parameters for a network called moon');
    expect(unknown.code).to.equal(2);
  });
});
