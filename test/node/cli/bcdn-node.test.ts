import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { bcdnNode, CommandProcess, type CommandResult } from './node-process.ts';

const KEY = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const ADDRESS = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const DEPLOYMENT = {
  chainId: '31337',
  token: `0x${'11'.repeat(20)}`,
  registry: `0x${'22'.repeat(20)}`,
  market: `0x${'33'.repeat(20)}`,
  deployedAtBlock: 1,
};

interface ErrorDocument {
  readonly schema: string;
  readonly error: { readonly code: string; readonly values: Record<string, string>; readonly remedy: string };
}

describe('bcdn-node on the command line', function () {
  this.timeout(60_000);
  let directory: string;
  let dataDir: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-cli-'));
    dataDir = join(directory, 'node');
    await writeFile(join(directory, 'deployment.json'), JSON.stringify(DEPLOYMENT));
    await writeFile(join(directory, 'password'), 'right\n');
    await writeFile(join(directory, 'wrong'), 'wrong\n');
    await writeFile(join(directory, 'key'), KEY);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  function init(...extra: string[]): Promise<CommandResult> {
    return bcdnNode([
      ...['init', '--json', '--data-dir', dataDir, '--password-file', join(directory, 'password')],
      ...['--role', 'edge', '--region', 'eu-west', '--rpc-url', 'http://127.0.0.1:9'],
      ...['--deployment', join(directory, 'deployment.json'), '--marketplace-url', 'http://127.0.0.1:9'],
      ...['--payout', ADDRESS, ...extra],
    ]);
  }

  function errorOf({ stdout }: CommandResult): ErrorDocument {
    return JSON.parse(stdout) as ErrorDocument;
  }

  it('creates keys and configuration for the owner only, and says what to back up', async () => {
    const result = await init('--private-key-file', join(directory, 'key'), '--disk', '1GiB');
    expect(result.code, result.stderr).to.equal(0);
    const document = JSON.parse(result.stdout) as Record<string, string>;
    expect(document).to.include({ schema: 'bcdn-node/init/1', operator: ADDRESS, role: 'edge' });
    expect(document['peerId']).to.match(/^12D3KooW/);
    expect(result.stderr).to.match(/Back up BOTH .*keystore\.json AND its password/);
    expect(result.stdout + result.stderr).not.to.contain(KEY);
    for (const file of ['keystore.json', 'libp2p.key', 'config.json']) {
      expect((await stat(join(dataDir, file))).mode & 0o777, file).to.equal(0o600);
    }
    const config = await readFile(join(dataDir, 'config.json'), 'utf8');
    expect(JSON.parse(config)).to.deep.include({ deployment: DEPLOYMENT });
  });

  it('never overwrites a node', async () => {
    expect((await init()).code).to.equal(0);
    const before = await readFile(join(dataDir, 'keystore.json'), 'utf8');
    const again = await init();
    expect(again.code).to.equal(1);
    expect(errorOf(again)).to.deep.include({ schema: 'bcdn-node/init/1' });
    expect(errorOf(again).error.code).to.equal('CONFIG_EXISTS');
    expect(await readFile(join(dataDir, 'keystore.json'), 'utf8')).to.equal(before);
  });

  it('names a missing or wrong setting and exits with 2', async () => {
    const wrong = await init('--disk', 'much');
    expect(wrong.code).to.equal(2);
    expect(errorOf(wrong).error).to.deep.include({
      code: 'SETTING_INVALID',
      values: { setting: 'disk', flag: '--disk', given: 'much' },
    });
    const missing = await bcdnNode(['init', '--json', '--data-dir', dataDir, '--role', 'peer']);
    expect(missing.code).to.equal(2);
    expect(errorOf(missing).error.code).to.equal('SETTING_MISSING');
    const deployment = await init('--deployment', join(directory, 'password'));
    expect(errorOf(deployment).error.code).to.equal('DEPLOYMENT_UNREADABLE');
  });

  it('prefers flags to the environment', async () => {
    const environment = {
      BCDN_REGION: 'mars',
      BCDN_DATA_DIR: dataDir,
      BCDN_PASSWORD_FILE: join(directory, 'password'),
    };
    const args = [
      ...['init', '--json', '--role', 'peer', '--rpc-url', 'http://127.0.0.1:9', '--payout', ADDRESS],
      ...['--deployment', join(directory, 'deployment.json'), '--marketplace-url', 'http://127.0.0.1:9'],
    ];
    const flagged = await bcdnNode([...args, '--region', 'us-east'], environment);
    expect(JSON.parse(flagged.stdout)).to.include({ region: 'us-east', dataDir });
    const other = { ...environment, BCDN_DATA_DIR: join(directory, 'other') };
    expect(JSON.parse((await bcdnNode(args, other)).stdout)).to.include({ region: 'mars' });
  });

  it('refuses to start with a wrong password, without a node, or on a port in use', async () => {
    const none = await bcdnNode(['start', '--json', '--data-dir', dataDir]);
    expect([none.code, errorOf(none).error.code]).to.deep.equal([1, 'CONFIG_MISSING']);
    expect((await init()).code).to.equal(0);
    const wrong = await bcdnNode([
      'start',
      '--json',
      '--data-dir',
      dataDir,
      '--password-file',
      join(directory, 'wrong'),
    ]);
    expect([wrong.code, errorOf(wrong).error.code]).to.deep.equal([1, 'KEYSTORE_WRONG_PASSWORD']);
    expect(errorOf(wrong).error.remedy).to.contain('--password-file');
    const unasked = await bcdnNode(['start', '--json', '--data-dir', dataDir]);
    expect([unasked.code, errorOf(unasked).error.code]).to.deep.equal([2, 'SETTING_MISSING']);
    const { server, port } = await occupy();
    try {
      const args = [
        '--data-dir',
        dataDir,
        '--password-file',
        join(directory, 'password'),
        '--tcp-port',
        String(port),
      ];
      const taken = await bcdnNode(['start', '--json', ...args]);
      expect([taken.code, errorOf(taken).error.code]).to.deep.equal([1, 'PORT_IN_USE']);
      expect(errorOf(taken).error.values).to.deep.include({ tcpPort: String(port) });
    } finally {
      server.close();
    }
  });

  it('tells by its exit code that the node is offline', async () => {
    await init();
    const text = await bcdnNode(['status', '--data-dir', dataDir]);
    expect(text.code).to.equal(4);
    expect(text.stdout).to.equal(
      `Earning: no, because the node is not running → run bcdn-node start --data-dir ${dataDir}\n`,
    );
    for (const command of [
      ['settle', '--yes'],
      ['withdraw', '--yes'],
    ]) {
      const result = await bcdnNode([...command, '--json', '--data-dir', dataDir]);
      expect([result.code, errorOf(result).error.code], command[0]).to.deep.equal([4, 'NODE_OFFLINE']);
    }
  });

  it('says where no node is that it has to be made, not started', async () => {
    const text = await bcdnNode(['status', '--data-dir', dataDir]);
    expect(text.code).to.equal(1);
    expect(text.stdout).to.equal(
      `Earning: no, because there is no node here → run bcdn-node init --data-dir ${dataDir}\n`,
    );
    for (const command of ['settle', 'withdraw', 'dashboard', 'earnings', 'doctor', 'drain']) {
      const result = await bcdnNode([command, '--json', '--data-dir', dataDir]);
      expect([result.code, errorOf(result).error.code], command).to.deep.equal([1, 'CONFIG_MISSING']);
    }
  });

  it('tells what the system refused in a sentence, and never what is in a file that was named by mistake', async () => {
    const through = await bcdnNode(['doctor', '--json', '--data-dir', join(directory, 'password', 'below')]);
    expect(through.code).to.equal(1);
    expect(errorOf(through).error).to.deep.include({ code: 'SYSTEM_REFUSED' });
    expect(errorOf(through).error.values).to.include({ system: 'ENOTDIR' });
    const swapped = await init('--deployment', join(directory, 'password'));
    expect(swapped.code).to.equal(1);
    expect(swapped.stdout + swapped.stderr)
      .to.contain('it is no JSON')
      .and.not.to.contain('right');
  });

  it('prints a document for an unknown flag, too, where --json is given', async () => {
    const unknown = await bcdnNode(['status', '--jsno', '--json']);
    expect([unknown.code, errorOf(unknown)]).to.deep.equal([
      2,
      {
        schema: 'bcdn-node/usage/1',
        error: {
          code: 'USAGE',
          message: "unknown option '--jsno'\n(Did you mean --json?)",
          values: { reason: 'commander.unknownOption' },
          remedy: 'See the options with --help.',
        },
      },
    ]);
    expect((await bcdnNode(['status', '--jsno'])).stdout).to.equal('');
  });

  it('writes what others may not read, into a folder of others too', async () => {
    await mkdir(dataDir, { mode: 0o755 });
    await init();
    await bcdnNode(['earnings', '--data-dir', dataDir]);
    const files = await readdir(dataDir);
    expect(files).to.include.members(['lock.sqlite', 'settlements.sqlite', 'config.json']);
    for (const file of files) {
      expect((await stat(join(dataDir, file))).mode & 0o077, file).to.equal(0);
    }
  });

  it('takes a setting from flag, then environment, then file', async () => {
    await init('--rpc-url', 'http://127.0.0.1:9/file');
    const chainOf = async (environment: Record<string, string>): Promise<string> => {
      const { stdout } = await bcdnNode(['price', '--json', '--data-dir', dataDir], environment);
      return errorOf({ code: 1, stdout, stderr: '' }).error.values['url'] ?? '';
    };
    expect(await chainOf({})).to.equal('http://127.0.0.1:9/file');
    expect(await chainOf({ BCDN_RPC_URL: 'http://127.0.0.1:9/environment' })).to.equal(
      'http://127.0.0.1:9/environment',
    );
  });

  it('keeps its files where XDG says, and colours nothing that is no terminal', async () => {
    const { stdout, stderr } = await bcdnNode(['status'], { XDG_DATA_HOME: directory, BCDN_DATA_DIR: '' });
    expect(stdout + stderr).not.to.contain('\u001b');
    const started = await bcdnNode(['start', '--json'], { XDG_DATA_HOME: directory });
    expect(errorOf(started).error.values['path']).to.equal(join(directory, 'bcdn-node', 'config.json'));
  });

  it('completes its commands, options and choices', async () => {
    const { code, stdout } = await bcdnNode(['completion', 'bash']);
    expect(code).to.equal(0);
    for (const word of ['support-bundle', '--monthly-cap', 'publisher']) expect(stdout).to.contain(word);
    expect((await bcdnNode(['completion', 'csh'])).code).to.equal(2);
  });

  it('watches until it is interrupted, and ends with the code of the last look', async () => {
    await init();
    const watching = new CommandProcess([
      'status',
      '--watch',
      '--interval',
      '0.1',
      '--json',
      '--data-dir',
      dataDir,
    ]);
    await watching.printed(3);
    expect(await watching.end('SIGINT')).to.equal(4);
    const lines = watching.stdout().trim().split('\n');
    for (const line of lines) expect(JSON.parse(line)).to.include({ state: 'offline' });
    expect((await bcdnNode(['status', '--watch', '--interval', '0', '--data-dir', dataDir])).code).to.equal(
      2,
    );
  });

  it('reads earnings of a stopped node whose chain is away', async () => {
    await init();
    const csv = await bcdnNode(['earnings', '--by', 'day', '--csv', '--data-dir', dataDir]);
    expect(csv.code, csv.stderr).to.equal(0);
    expect(csv.stdout).to.equal(
      'day,bytes,metered_wei,settled_wei,paid_wei,voucher_due_wei,in_claim_wei,unsettled_wei,lost_wei\n',
    );
    const document = await bcdnNode(['earnings', '--json', '--data-dir', dataDir]);
    expect(JSON.parse(document.stdout)).to.deep.include({
      schema: 'bcdn-node/earnings/1',
      paidFrom: 'last-known',
      rows: [],
    });
  });

  it('has help with examples for every command, and 2 for what it does not know', async () => {
    const commands = [
      ...['init', 'start', 'status', 'earnings', 'settle', 'withdraw', 'verify', 'stake', 'unstake'],
      ...['price', 'drain', 'doctor', 'support-bundle', 'completion'],
    ];
    const help = await Promise.all(commands.map((command) => bcdnNode([command, '--help'])));
    help.forEach((result, index) => {
      expect(result.code, commands[index]).to.equal(0);
      expect(result.stdout, commands[index]).to.contain('Examples:');
    });
    const program = await bcdnNode(['--help']);
    for (const command of commands)
      expect(program.stdout, command).to.match(new RegExp(`^  ${command} `, 'm'));
    expect((await bcdnNode(['dance'])).code).to.equal(2);
    expect((await bcdnNode(['status', '--moon'])).code).to.equal(2);
    expect((await bcdnNode(['earnings', '--by', 'moon', '--data-dir', dataDir])).code).to.equal(2);
  });
});

async function occupy(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) expect.fail('the server has a port');
  return { server, port: address.port };
}
