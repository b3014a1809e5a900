import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { serveTasks } from '../task-process/serve-tasks.ts';
import type { ServerTasks } from './server-protocol.ts';

/**
 * The least that Node's http can do: files at their paths with length and type, one range, no conditions, nothing counted.
 * Files whose turn comes first are kept in memory until it is full; others are read for each request.
 */
serveTasks<ServerTasks>({
  start: async ({ filesDirectory, hotBytes }) => {
    const memory = await filled(filesDirectory, hotBytes);
    const server = createServer((request, response) => {
      void answer(request, response, { filesDirectory, memory });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { origin: `http://127.0.0.1:${port}`, processId: process.pid };
  },
});

interface Files {
  readonly filesDirectory: string;
  readonly memory: ReadonlyMap<string, Buffer>;
}

async function filled(filesDirectory: string, hotBytes: number): Promise<Map<string, Buffer>> {
  const memory = new Map<string, Buffer>();
  const folder = join(filesDirectory, 'ipfs');
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const { size, birthtimeMs } = await stat(join(folder, name));
      return { name, size, birthtimeMs };
    }),
  );
  let roomBytes = hotBytes;
  for (const { name, size } of files.sort((a, b) => a.birthtimeMs - b.birthtimeMs)) {
    if (size > roomBytes) break;
    memory.set(`/ipfs/${name}`, await readFile(join(folder, name)));
    roomBytes -= size;
  }
  return memory;
}

async function answer(
  { url = '/', headers }: IncomingMessage,
  response: ServerResponse,
  { filesDirectory, memory }: Files,
): Promise<void> {
  const whole = memory.get(url) ?? (await readFile(join(filesDirectory, url)));
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
  const body = match === null ? whole : whole.subarray(Number(match[1]), Number(match[2]) + 1);
  response.writeHead(match === null ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': body.length,
    ...(match === null ? {} : { 'content-range': `bytes ${match[1]}-${match[2]}/${whole.length}` }),
  });
  response.end(body);
}
