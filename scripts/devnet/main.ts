import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { INTERRUPTED_EXIT, interruption } from '../command-line/interruption.ts';
import { runFileJob } from './file-job.ts';
import { generateFilm, readInputFile } from './input-file.ts';
import { Network } from './network.ts';
import { parseDevnetOptions, type DevnetOptions } from './options.ts';
import { Progress } from './progress.ts';
import { reportJson } from './report.ts';
import { stayUp } from './stay-up.ts';

const options = parseDevnetOptions(process.argv.slice(2));
const folder =
  options.folder === undefined ? await mkdtemp(join(tmpdir(), 'bcdn-')) : resolve(options.folder);
await mkdir(folder, { recursive: true });
const progress = new Progress(process.stderr, { quiet: false });
const network = new Network(folder, progress);
const stopping = interruption({
  first: () => progress.say('Stopping; once more to stop at once.'),
  second: () => network.processes.killAll(),
});

process.exitCode = await run(options);

async function run({ once, json, input, sizeBytes, viewers }: DevnetOptions): Promise<number> {
  try {
    const file = input === undefined ? await generateFilm(folder, sizeBytes) : await readInputFile(input);
    await network.start(file.bytes);
    const job = { network, file, viewers, folder, progress, signal: stopping };
    if (!once) return await stayUp(job);
    const report = await runFileJob(job);
    if (json) process.stdout.write(`${reportJson(report)}\n`);
    return report.ok ? 0 : 1;
  } catch (error) {
    if (stopping.aborted) return INTERRUPTED_EXIT;
    progress.say(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await network.stop();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}
