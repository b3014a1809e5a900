import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { BenchError } from '../bench-error.ts';

const START_TIMEOUT_MS = 10_000;
const START_POLL_MS = 20;
const LOG_TAIL_CHARACTERS = 2_000;

/** nginx with one worker, its own configuration and nothing outside one directory. */
export class NginxServer {
  readonly origin: string;
  readonly #child: ChildProcess;
  #log = '';

  /** @throws BenchError BENCH_PROCESS_FAILED */
  static async start(
    program: string,
    plan: { filesDirectory: string; directory: string },
  ): Promise<NginxServer> {
    const directory = join(plan.directory, 'nginx');
    await mkdir(directory, { recursive: true });
    const port = await freePort();
    const configuration = join(directory, 'nginx.conf');
    await writeFile(configuration, configurationOf({ ...plan, directory, port }));
    const server = new NginxServer(program, { configuration, directory, port });
    await server.#listening(port);
    return server;
  }

  private constructor(program: string, plan: { configuration: string; directory: string; port: number }) {
    this.origin = `http://127.0.0.1:${plan.port}`;
    this.#child = spawn(program, ['-p', plan.directory, '-c', plan.configuration, '-e', 'stderr'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#log = (this.#log + text.toString()).slice(-LOG_TAIL_CHARACTERS);
    });
    this.#child.on('error', (error) => {
      this.#log += error.message;
    });
  }

  get processId(): number {
    return this.#child.pid ?? 0;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }

  async #listening(port: number): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadlineMs && this.#child.exitCode === null) {
      const answered = await fetch(`http://127.0.0.1:${port}/`).then(
        async (response) => response.arrayBuffer(),
        () => undefined,
      );
      if (answered !== undefined) return;
      await pause(START_POLL_MS);
    }
    await this.end();
    throw new BenchError('BENCH_PROCESS_FAILED', {
      message: `nginx did not begin to listen on port ${port}.\n${this.#log}`,
      remedy: 'See its last words above.',
    });
  }
}

/** One process that serves by itself: what a worker is, without a master that would change its user. */
function configurationOf(plan: { filesDirectory: string; directory: string; port: number }): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(plan.directory, name)};`,
  );
  return `
daemon off;
master_process off;
worker_processes 1;
pid ${join(plan.directory, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 1024; }
http {
  ${temporary.join('\n  ')}
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 65;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${plan.port};
    root ${plan.filesDirectory};
  }
}
`;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
