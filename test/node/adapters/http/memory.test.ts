import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { expect } from 'chai';
import { Agent, request } from 'undici';

const MIB = 1024 * 1024;
const CONTENT_BYTES = 300 * MIB;
const VIEWERS = 8;
const MAX_RSS_MIB = 300;
const SERVER = join(import.meta.dirname, 'memory-server.ts');

async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [SERVER, ...args]);
  return stdout;
}

describe('Gateway: memory', () => {
  it(`stays under ${MAX_RSS_MIB} MiB while 300 MiB go to ${VIEWERS} viewers at once`, async function () {
    this.timeout(120_000);
    const prepared = await run('prepare', String(CONTENT_BYTES));
    const { directory, cid } = JSON.parse(prepared) as { directory: string; cid: string };
    const server = spawn(process.execPath, [SERVER, 'serve', directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(server, 'exit');
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const answer = async <T>(): Promise<T> => JSON.parse(String((await lines.next()).value)) as T;
    const dispatcher = new Agent({ connections: VIEWERS });
    try {
      const { origin } = await answer<{ origin: string }>();
      const hashes = await Promise.all(
        Array.from({ length: VIEWERS }, async () => {
          const { statusCode, body } = await request(`${origin}/ipfs/${cid}`, { dispatcher });
          expect(statusCode).to.equal(200);
          const hash = createHash('sha256');
          let length = 0;
          for await (const chunk of body) {
            hash.update(chunk as Buffer);
            length += (chunk as Buffer).length;
          }
          expect(length).to.equal(CONTENT_BYTES);
          return hash.digest('hex');
        }),
      );
      expect(new Set(hashes).size).to.equal(1);
      server.stdin.write('memory\n');
      const { rssMiB } = await answer<{ rssMiB: number }>();
      expect(rssMiB).to.be.below(MAX_RSS_MIB);
    } finally {
      await dispatcher.close();
      server.stdin.end();
      await exited;
    }
  });
});
