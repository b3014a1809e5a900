import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { request } from 'undici';

const DEADLINE_MS = 20_000;

interface Told {
  readonly origin: string;
  readonly directory: string;
  readonly path: string;
  readonly pids: readonly number[];
}

async function begin(): Promise<{ process: ChildProcess; told: Told }> {
  const script = fileURLToPath(new URL('./pool-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { process: child, told: JSON.parse(line) as Told };
}

/** Whether a process is there; one that has ended and waits for its parent is not. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (pids.some(isThere)) {
    if (performance.now() > deadline) expect.fail(`workers were left behind: ${pids.filter(isThere).join()}`);
    await pause(20);
  }
}

describe('Gateway pool: the process that holds the state', () => {
  it('leaves no workers behind when it is killed', async () => {
    const { process: node, told } = await begin();
    expect(told.pids).to.have.length(2);
    const answer = await request(`${told.origin}${told.path}`);
    await answer.body.dump();
    expect(answer.statusCode).to.equal(200);
    node.kill('SIGKILL');
    await untilGone(told.pids);
    await rm(told.directory, { recursive: true, force: true });
  });

  it('drains on SIGTERM: what is under way ends whole, then everybody ends', async () => {
    const { process: node, told } = await begin();
    const answer = await request(`${told.origin}${told.path}`);
    const length = Number(answer.headers['content-length']);
    node.kill('SIGTERM');
    expect((await answer.body.arrayBuffer()).byteLength).to.equal(length);
    if (node.exitCode === null) await once(node, 'exit');
    expect(node.exitCode).to.equal(0);
    await untilGone(told.pids);
  });
});
