import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { decodeFileReport, slowFiles, type FileReport } from './file-report.ts';
import { ProgramRuns } from './program-run.ts';
import { countWithRepeats, failedFiles, type StageRun } from './repeated-files.ts';
import { commandOf, countTests, type Count, type Stage } from './stages.ts';

/** A stage that runs longer than this is ended and counts as failed. */
const STAGE_TIMEOUT_MS = 45 * 60_000;

/** A file that failed is run so often again at most, each time alone. */
const MAX_REPEATS = 2;

/** With timings the test files are named that take longer. */
const SLOW_FILE_MS = 20_000;

export interface StageRunnerOptions {
  /** Takes what people read, whole lines at a time. */
  readonly write: (text: string) => void;
  /** Names the slow test files of each stage. @default false */
  readonly withTimings?: boolean;
}

interface Outcome extends StageRun {
  readonly stage: Stage;
}

/** Runs stages, those of one lane in order and the lanes beside each other, and says how each fared. */
export class StageRunner {
  readonly #options: StageRunnerOptions;
  readonly #programs = new ProgramRuns();
  readonly #reportFolder = mkdtempSync(join(tmpdir(), 'bcdn-stages-'));
  #reports = 0;

  constructor(options: StageRunnerOptions) {
    this.#options = options;
  }

  /** @returns what passed and failed in the end: test files that failed are run again, each alone */
  async run(stages: readonly Stage[]): Promise<Count> {
    const lanes = [...new Set(stages.map(({ lane }) => lane))];
    const outcomes = await Promise.all(
      lanes.map(async (lane) => this.#runLane(stages.filter((stage) => stage.lane === lane))),
    );
    const sum = { passed: 0, failed: 0 };
    for (const outcome of outcomes.flat()) {
      const { passed, failed } = await this.#countOf(outcome);
      sum.passed += passed;
      sum.failed += failed;
    }
    return sum;
  }

  /** Ends what runs, with everything that it started. */
  stop(): void {
    this.#programs.kill();
    rmSync(this.#reportFolder, { recursive: true, force: true });
  }

  async #runLane(stages: readonly Stage[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const stage of stages) outcomes.push({ stage, ...(await this.#runStage(stage)) });
    return outcomes;
  }

  /**
   * Tests with real processes share two cores with the checks, and a machine that is short of time can make one of them
   * miss its moment. What failed is run again, alone, twice at most; that it had to be stays in the output.
   */
  async #countOf({ stage, ...outcome }: Outcome): Promise<Count> {
    if (outcome.count.failed === 0 || stage.counts !== 'reporter') return outcome.count;
    const files = failedFiles(outcome);
    if (files === undefined) {
      this.#options.write(`↻ ${stage.name} is run once more, alone\n`);
      return (await this.#runStage(stage)).count;
    }
    return countWithRepeats(outcome, await this.#repeat(stage, files));
  }

  async #repeat(stage: Stage, files: readonly string[]): Promise<ReadonlyMap<string, Count>> {
    const repeats = new Map<string, Count>();
    for (const file of files) {
      for (let repeat = 0; repeat < MAX_REPEATS && repeats.get(file)?.failed !== 0; repeat++) {
        this.#options.write(`↻ ${stage.name}: ${file} is run once more, alone\n`);
        repeats.set(file, (await this.#runStage({ ...stage, name: file, files: [file] })).count);
      }
    }
    return repeats;
  }

  async #runStage(stage: Stage): Promise<StageRun> {
    const startedAtMs = performance.now();
    const reportPath = join(this.#reportFolder, String(this.#reports++));
    const { exitCode, output } = await this.#programs.run(commandOf(stage, reportPath), STAGE_TIMEOUT_MS);
    const count = countTests(stage, exitCode, output);
    const report = existsSync(reportPath) ? decodeFileReport(readFileSync(reportPath, 'utf8')) : undefined;
    const seconds = secondsText(performance.now() - startedAtMs);
    if (count.failed > 0) this.#options.write(`\n${output.trimEnd()}\n\n`);
    const counted = stage.counts === 'reporter' ? `, ${count.passed} passing` : '';
    this.#options.write(`${count.failed > 0 ? '✗' : '✓'} ${stage.name} (${seconds}${counted})\n`);
    if (this.#options.withTimings === true && report !== undefined) this.#tellSlowFiles(report);
    return { count, report };
  }

  #tellSlowFiles(report: FileReport): void {
    for (const { file, durationMs } of slowFiles(report, SLOW_FILE_MS)) {
      this.#options.write(`  ${secondsText(durationMs).padStart(8)}  ${file}\n`);
    }
  }
}

function secondsText(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
