import { spawn, type ChildProcess } from 'node:child_process';

import { countTests, reasonToSkip, STAGES, type Count, type Stage } from './stages.ts';

/** A stage that runs longer than this is ended and counts as failed. */
const STAGE_TIMEOUT_MS = 30 * 60_000;

const only = process.argv.slice(2);
const chosen = STAGES.filter((stage) => only.length === 0 || only.includes(stage.name));
const stages = chosen.filter((stage) => reasonToSkip(stage) === undefined);
const running = new Set<ChildProcess>();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of running) stopGroup(child);
    process.exit(130);
  });
}

if (chosen.length === 0) {
  process.stderr.write(`No such stage. There are: ${STAGES.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

for (const stage of chosen) {
  const reason = reasonToSkip(stage);
  if (reason !== undefined) process.stdout.write(`− ${stage.name}: skipped, because ${reason}\n`);
}

const preparation = await runStage({
  name: 'contract bindings and pages',
  command: ['npm', 'run', 'build'],
  counts: 'preparation',
  lane: 'whole',
});
const lanes = [...new Set(stages.map(({ lane }) => lane))];
const outcomes =
  preparation.failed > 0 ? [] : (await Promise.all(lanes.map(async (lane) => runLane(lane)))).flat();
const counts = [preparation, ...(await repeatFailedAlone(outcomes))];
const passed = counts.reduce((sum, count) => sum + count.passed, 0);
const failed = counts.reduce((sum, count) => sum + count.failed, 0);
process.stdout.write(`\n${passed} passed, ${failed} failed${skippedText(chosen.length - stages.length)}\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Ends the summary, so that a run with less than everything does not look like one with everything. */
function skippedText(count: number): string {
  return count === 0 ? '' : `, ${count} ${count === 1 ? 'stage' : 'stages'} skipped`;
}

interface Outcome {
  readonly stage: Stage;
  readonly count: Count;
}

async function runLane(lane: Stage['lane']): Promise<Outcome[]> {
  const results: Outcome[] = [];
  for (const stage of stages) {
    if (stage.lane === lane) results.push({ stage, count: await runStage(stage) });
  }
  return results;
}

/**
 * Tests with real processes share two cores with the checks, and a machine that is short of time can make one of them
 * miss its moment. A stage of tests that failed is run once more, alone; that it had to be stays in the output.
 */
async function repeatFailedAlone(outcomes: readonly Outcome[]): Promise<Count[]> {
  const counts: Count[] = [];
  for (const { stage, count } of outcomes) {
    const again = count.failed > 0 && stage.counts === 'reporter';
    if (again) process.stdout.write(`↻ ${stage.name} is run once more, alone\n`);
    counts.push(again ? await runStage(stage) : count);
  }
  return counts;
}

async function runStage(stage: Stage): Promise<Count> {
  const startedAtMs = Date.now();
  const { exitCode, output } = await run(stage.command);
  const count = countTests(stage, exitCode, output);
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  if (count.failed > 0) process.stdout.write(`\n${output.trimEnd()}\n\n`);
  const counted = stage.counts === 'reporter' ? `, ${count.passed} passing` : '';
  process.stdout.write(`${count.failed > 0 ? '✗' : '✓'} ${stage.name} (${seconds} s${counted})\n`);
  return count;
}

async function run([program, ...args]: Stage['command']): Promise<{ exitCode: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ exitCode: number; output: string }>();
  // A group of its own, so that a stage that hangs can be ended with everything it started.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  const timer = setTimeout(() => stopGroup(child), STAGE_TIMEOUT_MS);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.on('error', (error) => (output += `${program} could not be started: ${error.message}\n`));
  child.on('close', (code, signal) => {
    clearTimeout(timer);
    running.delete(child);
    if (signal !== null) output += `\n${program} was ended by ${signal}\n`;
    resolve({ exitCode: code ?? 1, output });
  });
  return promise;
}

function stopGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  process.kill(-child.pid, 'SIGKILL');
}
