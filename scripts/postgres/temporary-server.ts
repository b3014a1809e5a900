import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { findProgram } from '../test/installed-programs.ts';
import { runAs, type ServerAccount } from './server-account.ts';
import { PostgresServerError } from './server-error.ts';

/** Time for a server to answer after its start; a machine that is busy takes seconds. */
const START_TIMEOUT_MS = 60_000;
const ASK_AGAIN_AFTER_MS = 25;
const SUPERUSER = 'bcdn';

/** Loses data only when the machine goes down: databases of tests live shorter than that. */
const UNSYNCED = { fsync: 'off', full_page_writes: 'off' };
const SERVER_SETTINGS = {
  ...{ wal_level: 'minimal', max_wal_senders: '0', autovacuum: 'off' },
  ...{ max_connections: '400', shared_buffers: '32MB', listen_addresses: '' },
};

/**
 * Ends the server and removes its folder when standard input closes: when `stop` says so, or when the process that
 * started it is gone, even by SIGKILL.
 */
const WATCHED_SERVER = `
"$@" < /dev/null & server=$!
cat > /dev/null
kill -QUIT "$server"; wait "$server"
rm -rf "$FOLDER"`;

/** A PostgreSQL server on a socket in a temporary folder, with a password, for tests and benches. */
export class TemporaryPostgres {
  readonly folder: string;
  readonly password: string;
  readonly #account: ServerAccount;
  #server: ChildProcess | undefined;
  #databases = 0;

  private constructor(folder: string, account: ServerAccount) {
    this.folder = folder;
    this.#account = account;
    this.password = randomBytes(12).toString('hex');
  }

  /**
   * @param options.syncs whether commits are on disk, as they are by default in production. @default false
   * @throws PostgresServerError PROGRAM_MISSING, ACCOUNT_MISSING, SERVER_FAILED
   */
  static async start(options: { readonly syncs?: boolean } = {}): Promise<TemporaryPostgres> {
    const account = await runAs();
    const folder = await mkdtemp(join(tmpdir(), 'bcdn-postgres-'));
    const postgres = new TemporaryPostgres(folder, account);
    await postgres.#prepare();
    await postgres.#serve(options.syncs === true ? SERVER_SETTINGS : { ...SERVER_SETTINGS, ...UNSYNCED });
    return postgres;
  }

  static isInstalled(): boolean {
    return findProgram(['initdb']) !== undefined && findProgram(['postgres']) !== undefined;
  }

  /** Address of a database, with the password. */
  urlOf(database: string): string {
    const host = encodeURIComponent(this.folder);
    return `postgres://${SUPERUSER}:${this.password}@localhost/${database}?host=${host}`;
  }

  /**
   * A new, empty database that orders text as English does, not by its bytes: what is not ordered by the schema itself
   * shows here. PostgreSQL 15 or later. @returns its address
   */
  async createDatabase(): Promise<string> {
    const name = `bcdn_${++this.#databases}`;
    await this.run(`CREATE DATABASE ${name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`);
    return this.urlOf(name);
  }

  /** Removes it, ending whoever still uses it. */
  async dropDatabase(url: string): Promise<void> {
    await this.run(`DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
  }

  /** One statement as the superuser. */
  async run(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.urlOf('postgres') });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** Ends the server and removes everything. Not needed when this process ends anyway. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.ref();
    const ended = once(server, 'exit');
    server.stdin?.end();
    await ended;
  }

  async #prepare(): Promise<void> {
    const { uid, gid } = this.#account;
    const passwordFile = join(this.folder, 'password');
    const data = join(this.folder, 'data');
    await writeFile(passwordFile, this.password, { mode: 0o600 });
    await mkdir(data, { mode: 0o700 });
    if (uid !== undefined && gid !== undefined)
      for (const path of [this.folder, passwordFile, data]) await chown(path, uid, gid);
    const flags = [
      '--auth=scram-sha-256',
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--no-sync',
    ];
    const child = spawn(
      programOf('initdb'),
      ['--pgdata', data, '--encoding=UTF8', '--locale=C.UTF-8', ...flags],
      {
        ...this.#account,
        cwd: this.folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new PostgresServerError('SERVER_FAILED', `initdb failed: ${said.trim()}`);
  }

  async #serve(chosen: Readonly<Record<string, string>>): Promise<void> {
    const settings = Object.entries({ ...chosen, unix_socket_directories: this.folder });
    const server = spawn(
      '/bin/sh',
      [
        ...['-c', WATCHED_SERVER, 'sh', programOf('postgres'), '-D', join(this.folder, 'data')],
        ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      {
        ...this.#account,
        cwd: this.folder,
        env: { ...process.env, FOLDER: this.folder },
        stdio: ['pipe', 'ignore', 'ignore'],
        // Signals to the group of this process do not reach it: it ends by its standard input.
        detached: true,
      },
    );
    this.#server = server;
    server.unref();
    if (server.stdin instanceof Socket) server.stdin.unref();
    await this.#answering(server);
  }

  async #answering(server: ChildProcess): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        await this.run('SELECT 1');
        return;
      } catch (failure) {
        if (server.exitCode === null && Date.now() < deadlineMs) {
          await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_AFTER_MS));
          continue;
        }
        const reason = failure instanceof Error ? failure.message : String(failure);
        throw new PostgresServerError('SERVER_FAILED', `The server does not answer: ${reason}`);
      }
    }
  }
}

function programOf(name: string): string {
  const path = findProgram([name]);
  if (path !== undefined) return path;
  throw new PostgresServerError(
    'PROGRAM_MISSING',
    `${name} is not installed; run: apt-get install -y postgresql`,
  );
}
