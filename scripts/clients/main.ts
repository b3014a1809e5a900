/** Lets clients that others wrote fetch from the gateway of an edge, and prints what worked: `--json` for machines. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Progress } from '../devnet/progress.ts';
import { aria2Client } from './aria2-client.ts';
import { browserClient } from './browser-client.ts';
import { curlClient } from './curl-client.ts';
import { parseOptions } from './options.ts';
import { clientsJson, clientsLines, type ClientResult } from './report.ts';
import { writeSampleSite } from './sample-site.ts';
import { ServedSite } from './served-site.ts';
import type { UnmodifiedClient } from './unmodified-client.ts';
import { verifiedFetchClient } from './verified-fetch-client.ts';

const CLIENTS: readonly UnmodifiedClient[] = [curlClient, aria2Client, verifiedFetchClient, browserClient];

const { json } = parseOptions(process.argv.slice(2));
const progress = new Progress(process.stderr, { quiet: false });
const directory = await mkdtemp(join(tmpdir(), 'bcdn-clients-'));
try {
  process.exitCode = await main();
} finally {
  await rm(directory, { recursive: true, force: true });
}

/** @returns 0 if all worked, 1 if something failed, 3 if nothing failed but a client is absent */
async function main(): Promise<number> {
  const sample = await progress.task('a directory with a page, a large file and films', () =>
    writeSampleSite(join(directory, 'site')),
  );
  const site = await progress.task('the gateway of an edge', () => ServedSite.start(sample, directory));
  const results: ClientResult[] = [];
  try {
    for (const client of CLIENTS) results.push(await progress.task(client.name, () => tried(client, site)));
  } finally {
    await site.stop();
  }
  process.stdout.write(`${json ? JSON.stringify(clientsJson(results)) : clientsLines(results).join('\n')}\n`);
  if (results.some(({ findings }) => findings.some(({ ok }) => !ok))) return 1;
  return results.some(({ absent }) => absent !== undefined) ? 3 : 0;
}

async function tried(client: UnmodifiedClient, site: ServedSite): Promise<ClientResult> {
  const { name } = client;
  const absent = await client.absence();
  if (absent !== undefined) return { name, absent, findings: [] };
  const own = join(directory, name.replaceAll('/', '-'));
  await mkdir(own);
  try {
    return { name, absent, findings: await client.check({ site, directory: own }) };
  } catch (error) {
    // A client that does not even start has failed; the others are tried all the same.
    const evidence = error instanceof Error ? error.message : String(error);
    return { name, absent, findings: [{ what: 'starts', ok: false, evidence }] };
  }
}
