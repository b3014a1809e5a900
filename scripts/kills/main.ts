/**
 * Kills a serving node with SIGKILL at random moments and checks that no acknowledged receipt is lost and none is paid
 * twice: `--help` shows the options.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { INTERRUPTED_EXIT, interruption } from '../command-line/interruption.ts';
import { DevnetError } from '../devnet/devnet-error.ts';
import { Progress } from '../devnet/progress.ts';
import { EPOCH_SECONDS, KillRun, WEI_PER_BYTE } from './kill-run.ts';
import { parseKillOptions } from './options.ts';
import { reportJson, reportLines } from './report.ts';
import { SmallNetwork } from './small-network.ts';

const GIB = 1024n ** 3n;

const options = parseKillOptions(process.argv.slice(2), Math.random);
const folder = await mkdtemp(join(tmpdir(), 'bcdn-kills-'));
const progress = new Progress(process.stderr, { quiet: false });
const network = new SmallNetwork({
  ...{ folder, edges: 1, epochSeconds: EPOCH_SECONDS, askWeiPerGiB: WEI_PER_BYTE * GIB },
});
const stopping = interruption({
  first: () => progress.say('Stopping; once more to stop at once.'),
  second: () => network.processes.killAll(),
});

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    progress.say(`${options.count} kills, seed ${options.seed}`);
    await progress.task('Chain, marketplace, edge', async () => network.start());
    const [edge] = network.edges;
    if (edge === undefined) throw new DevnetError('STOPPED', 'The network has no edge.');
    const publication = await progress.task('Content', async () => network.publish());
    const parts = { network, edge, publication, progress };
    const report = await new KillRun(parts, { ...options, signal: stopping }).run();
    if (options.json) process.stdout.write(`${reportJson(report)}\n`);
    else for (const line of reportLines(report)) process.stdout.write(`${line}\n`);
    return report.ok ? 0 : 1;
  } catch (error) {
    if (stopping.aborted) return INTERRUPTED_EXIT;
    progress.say(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
