/** Hostile requests against the gateway, to be repeated by their seed: `--help` shows the options. */
import { interruption } from '../command-line/interruption.ts';
import { Progress } from '../devnet/progress.ts';
import { startEdge } from './edge-target.ts';
import { FuzzRun } from './fuzz-run.ts';
import { startGateway } from './gateway-target.ts';
import { parseFuzzOptions } from './options.ts';
import { isClean, reportLines, reportValues } from './report.ts';

const PROGRESS_REQUESTS = 250_000;
const MB = 1_000_000;

const options = parseFuzzOptions(process.argv.slice(2), Math.random);
const progress = new Progress(process.stderr, { quiet: false });
const stopping = interruption({ first: () => progress.say('Stopping; once more to stop at once.') });

process.exitCode = await main();

async function main(): Promise<number> {
  progress.say(`${options.requests} requests, seed ${options.seed}`);
  const { seed, rationed, requests, connections } = options;
  const { workers } = options;
  const target = await (workers === undefined
    ? progress.task('The gateway', async () => startGateway(seed, { rationed }))
    : progress.task(`An edge with ${workers} workers`, async () => startEdge(seed, { workers })));
  let told = 0;
  try {
    const report = await new FuzzRun(target, {
      ...{ requests, seed, connections, only: options.connection, signal: stopping },
      onProgress: (tally, { memoryBytes, handles }) => {
        if (tally.requests - told < PROGRESS_REQUESTS) return;
        told = tally.requests;
        progress.say(`${told} requests, ${Math.round(memoryBytes / MB)} MB, ${handles} handles`);
      },
    }).run();
    if (options.json) process.stdout.write(`${JSON.stringify(reportValues(report))}\n`);
    else for (const line of reportLines(report)) process.stdout.write(`${line}\n`);
    return isClean(report) ? 0 : 1;
  } finally {
    await target.stop();
  }
}
