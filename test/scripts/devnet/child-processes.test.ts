import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { ChildProcesses } from '../../../scripts/devnet/child-processes.ts';
import { DevnetError } from '../../../scripts/devnet/devnet-error.ts';

const MODULE = join(import.meta.dirname, '../../../scripts/devnet/child-processes.ts');
const SERVER = `
process.on('SIGTERM', () => process.exit(0));
console.log(JSON.stringify({ event: 'ready', pid: process.pid }));
setInterval(() => 1, 1000);
`;

describe('the processes of the development network', () => {
  let folder: string;
  let processes: ChildProcesses;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-children-'));
    processes = new ChildProcesses(folder);
  });

  afterEach(async () => {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  });

  const program = async (name: string, text: string): Promise<string> => {
    const path = join(folder, `${name}.mjs`);
    await writeFile(path, text);
    return path;
  };

  it('say when they are ready, and end when told to', async () => {
    const child = processes.start({ name: 'server', argv: [await program('server', SERVER)] });
    expect(await child.message('ready')).to.deep.equal({ event: 'ready', pid: child.pid });
    expect(await child.stop()).to.equal(0);
    expect(child.running).to.equal(false);
  });

  it('that end before they are ready are reported with the end of their log', async () => {
    const child = processes.start({
      name: 'broken',
      argv: [await program('broken', "process.stderr.write('the port is in use\\n'); process.exit(3);")],
    });
    const error = await child.message('ready').then(
      () => expect.fail('it was ready'),
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(DevnetError).and.to.have.property('code', 'PROCESS_FAILED');
    expect(error).to.have.property('message').that.includes('ended (3)').and.includes('the port is in use');
  });

  it('give back the document that a command printed, over several lines too', async () => {
    const printing = await program('printing', 'console.log(\'{\\n"a": 1\\n}\');');
    expect(await processes.run({ name: 'printing', argv: [printing] })).to.deep.equal({ a: 1 });
  });

  it('are not left behind when their parent is killed', async () => {
    const server = await program('server', SERVER);
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { ChildProcesses } from ${JSON.stringify(MODULE)};
         const child = new ChildProcesses(${JSON.stringify(folder)}).start({ name: 'orphan', argv: [${JSON.stringify(server)}] });
         console.log((await child.message('ready')).pid);
         setInterval(() => 1, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const orphan = Number(line.toString());
    parent.kill('SIGKILL');
    await once(parent, 'close');
    while (isRunning(orphan)) await new Promise((resolve) => setImmediate(resolve));
    expect(isRunning(orphan)).to.equal(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
