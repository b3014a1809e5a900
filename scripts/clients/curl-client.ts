import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { requireSame, requireThat } from './client-error.ts';
import { isInstalled, runProgram } from './run-program.ts';
import { LARGE_BYTES, LARGE_FILE, NOTE_FILE, NOTE_TEXT } from './sample-site.ts';
import { finding, type CheckSetting, type UnmodifiedClient } from './unmodified-client.ts';

const PROGRAM = 'curl';
/** What an earlier attempt is said to have left. */
const LEFT_BYTES = 5_000_001;

/** curl: a path, the redirect of a directory, a resumed file, a validator. */
export const curlClient: UnmodifiedClient = {
  name: 'curl',
  absence: async () =>
    (await isInstalled(PROGRAM)) ? undefined : `it is not installed; install Debian's package curl`,
  check: async (setting) => [
    await finding('a path with spaces and umlauts', () => path(setting)),
    await finding('a directory: redirect, then its page', () => directoryPage(setting)),
    await finding('a file resumed by a range', () => resumed(setting)),
    await finding('asked again with the ETag: 304', () => notModified(setting)),
  ],
};

async function path({ site }: CheckSetting): Promise<string> {
  const said = await runProgram(PROGRAM, ['-sSf', site.urlOf(NOTE_FILE)]);
  requireSame('The text', said, NOTE_TEXT);
  return `${said.length} characters`;
}

async function directoryPage({ site }: CheckSetting): Promise<string> {
  const url = `${site.origin}/ipfs/${site.root.toString()}`;
  const said = await runProgram(PROGRAM, ['-sSfL', '-w', '%{num_redirects} %{content_type}', url]);
  requireThat(said.includes('<title>A film</title>'), 'The page is not index.html.');
  requireThat(said.endsWith('1 text/html; charset=utf-8'), `It ends with ${said.slice(-60)}.`);
  return 'one redirect, text/html; charset=utf-8';
}

async function resumed({ site, directory }: CheckSetting): Promise<string> {
  const file = join(directory, 'curl.bin');
  await writeFile(file, site.site.large.subarray(0, LEFT_BYTES));
  await site.idle();
  const before = site.sentBytes;
  await runProgram(PROGRAM, ['-sSf', '-C', '-', '-o', file, site.urlOf(LARGE_FILE)]);
  requireThat((await readFile(file)).equals(site.site.large), 'The file is another one.');
  await site.idle();
  requireSame('What was sent', site.sentBytes - before, LARGE_BYTES - LEFT_BYTES);
  return `the missing ${LARGE_BYTES - LEFT_BYTES} bytes, the file as published`;
}

async function notModified({ site, directory }: CheckSetting): Promise<string> {
  const etag = join(directory, 'etag');
  const url = site.urlOf(NOTE_FILE);
  await runProgram(PROGRAM, ['-sSf', '--etag-save', etag, url]);
  const status = await runProgram(PROGRAM, ['-sSf', '--etag-compare', etag, '-w', '%{http_code}', url]);
  requireSame('The status', status, '304');
  return status;
}
