import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { encodeDeployment } from '../../../sdk/chain/deployment.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const PROGRAM = fileURLToPath(new URL('../../../marketplace/main.ts', import.meta.url));
const DEPLOYMENT = encodeDeployment({
  chainId: 31_337n,
  token: parseAddress(`0x${'01'.repeat(20)}`),
  registry: parseAddress(`0x${'02'.repeat(20)}`),
  market: parseAddress(`0x${'03'.repeat(20)}`),
  deployedAtBlock: 1,
});
/** A port of the loopback interface on which nothing can listen. */
const NO_CHAIN = 'http://127.0.0.1:1';

describe('marketplace command', () => {
  let directory: TestStorage;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await temporaryStorage();
  });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    await directory.remove();
  });

  async function deploymentFile(text: string): Promise<string> {
    const file = join(directory.path, 'deployment.json');
    await writeFile(file, text);
    return file;
  }

  function run(...flags: string[]): { child: ChildProcess; stdout: () => string; stderr: () => string } {
    const child = spawn(process.execPath, [PROGRAM, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...directory.environment },
    });
    children.push(child);
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
    return { child, stdout: () => said.stdout, stderr: () => said.stderr };
  }

  const flags = (deployment: string): string[] => [
    ...['--data-dir', join(directory.path, 'data'), '--rpc-url', NO_CHAIN, '--deployment', deployment],
    ...['--json', '--port', '0'],
  ];

  it('prints one line of JSON when it serves, and ends in order on SIGTERM', async () => {
    const { child, stdout } = run(...flags(await deploymentFile(DEPLOYMENT)));
    if (child.stdout === null) throw new TypeError('no stdout');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const ready = JSON.parse(line) as { event: string; url: string };
    expect(ready.event).to.equal('ready');
    expect((await fetch(`${ready.url}/livez`)).status).to.equal(200);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    expect(stdout().trim().split('\n')).to.have.length(1);
  });

  it('ends with a sentence and a remedy when the deployment cannot be used', async () => {
    const { child, stdout, stderr } = run(...flags(await deploymentFile('{"chainId": "1"}')));
    expect(await once(child, 'close')).to.deep.equal([1, null]);
    const entry = JSON.parse(stderr()) as { code: string; remedy: string; msg: string };
    expect(entry).to.include({
      code: 'DEPLOYMENT_INVALID',
      remedy: 'Write the file with the deploy command.',
    });
    expect(entry.msg).to.contain('token is missing or malformed');
    expect(stdout()).to.equal('');
  });

  it('writes no key into its log or its answers, whatever fails', async () => {
    const keys = ['77', '88'].map((digits) => digits.repeat(32));
    const [posterFile, faucetFile] = ['poster', 'faucet'].map((name) => join(directory.path, name));
    await writeFile(posterFile ?? '', `0x${keys[0]}\n`);
    await writeFile(faucetFile ?? '', `0x${keys[1]}\n`);
    const { child, stdout, stderr } = run(
      ...['--data-dir', join(directory.path, 'data'), '--deployment', await deploymentFile(DEPLOYMENT)],
      ...['--rpc-url', `${NO_CHAIN}/v3/provider-secret`, '--json', '--port', '0', '--log-level', 'trace'],
      ...['--poster-key-file', posterFile ?? '', '--development', '--faucet-key-file', faucetFile ?? ''],
    );
    if (child.stdout === null) throw new TypeError('no stdout');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const answers: string[] = [];
    const ask = async (path: string, body?: string): Promise<number> => {
      const type = { 'content-type': 'application/json' };
      const response = await fetch(
        url + path,
        body === undefined ? {} : { method: 'POST', headers: type, body },
      );
      answers.push(await response.text());
      return response.status;
    };
    const word = `0x${'ab'.repeat(32)}`;
    expect(await ask('/readyz')).to.equal(503);
    expect(await ask('/v1/coordinator/keys', '{}')).to.equal(200);
    for (const path of ['/v1/network', '/metrics', `/v1/deals/${word}`, '/v1/statistics']) await ask(path);
    const rpc = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}';
    expect(await ask('/v1/development/rpc', rpc)).to.equal(503);
    expect(await ask('/v1/grants', '{')).to.equal(400);
    expect(await ask('/v1/settlements', '{"dealId":1}')).to.equal(400);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    const secret = await readFile(join(directory.path, 'data/secret.key'));
    const said = [stdout(), stderr(), ...answers].join('\n');
    expect(said).to.contain('does not answer');
    const secrets = [...keys, secret.toString('hex'), secret.toString('base64url'), 'provider-secret'];
    for (const one of secrets) expect(said.toLowerCase()).to.not.contain(one.toLowerCase());
  });

  it('names the flag that is missing', async () => {
    const { child, stderr } = run('--data-dir', directory.path);
    expect(await once(child, 'close')).to.deep.equal([2, null]);
    expect(stderr()).to.contain("required option '--rpc-url <url>' not specified");
  });
});
