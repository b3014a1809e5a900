import { StageRunner } from './stage-runner.ts';
import { reasonToSkip, STAGES, type Stage } from './stages.ts';

const TIMINGS_FLAG = '--timings';

/** What the tests need that git does not hold. */
const PREPARATION: Stage = {
  name: 'contract bindings and pages',
  command: ['npm', 'run', 'build'],
  counts: 'preparation',
  lane: 'whole',
};

const names = process.argv.slice(2).filter((argument) => argument !== TIMINGS_FLAG);
const unknown = names.filter((name) => STAGES.every((stage) => stage.name !== name));
if (unknown.length > 0) {
  const known = STAGES.map(({ name }) => name).join(', ');
  process.stderr.write(`No such stage: ${unknown.join(', ')}. There are: ${known}; and ${TIMINGS_FLAG}.\n`);
  process.exit(2);
}

const chosen = STAGES.filter((stage) => names.length === 0 || names.includes(stage.name));
const stages = chosen.filter((stage) => reasonToSkip(stage) === undefined);
const runner = new StageRunner({
  write: (text) => process.stdout.write(text),
  withTimings: process.argv.includes(TIMINGS_FLAG),
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    runner.stop();
    process.exit(130);
  });
}

for (const stage of chosen) {
  const reason = reasonToSkip(stage);
  if (reason !== undefined) process.stdout.write(`− ${stage.name}: skipped, because ${reason}\n`);
}

const preparation = await runner.run([PREPARATION]);
const { passed, failed } = preparation.failed > 0 ? preparation : await runner.run(stages);
runner.stop();
process.stdout.write(`\n${passed} passed, ${failed} failed${skippedText(chosen.length - stages.length)}\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Ends the summary, so that a run with less than everything does not look like one with everything. */
function skippedText(count: number): string {
  return count === 0 ? '' : `, ${count} ${count === 1 ? 'stage' : 'stages'} skipped`;
}
