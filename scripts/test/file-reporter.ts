import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

import Mocha from 'mocha';

import { encodeFileReport, type FileResult } from './file-report.ts';

const {
  EVENT_RUN_END,
  EVENT_SUITE_BEGIN,
  EVENT_SUITE_END,
  EVENT_TEST_FAIL,
  EVENT_TEST_PASS,
  EVENT_TEST_PENDING,
} = Mocha.Runner.constants;

/** What mocha knows of a test, a hook or a suite. */
interface Placed {
  readonly file?: string | undefined;
  readonly parent?: Placed | undefined;
}

/**
 * What mocha's `spec` prints, and beside it one file that says how each test file fared: `--reporter-option report=PATH`.
 * Without a path it is `spec`.
 */
export class FileReporter extends Mocha.reporters.Spec {
  readonly #results = new Map<string, { passed: number; failed: number; durationMs: number }>();
  #unplacedFailures = 0;

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const { report } = (options.reporterOptions ?? {}) as { report?: string };
    if (report === undefined) return;
    let startedAtMs = 0;
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root === true) startedAtMs = performance.now();
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      const result = suite.parent?.root === true ? this.#resultOf(suite) : undefined;
      if (result !== undefined) result.durationMs += performance.now() - startedAtMs;
    });
    runner.on(EVENT_TEST_PASS, (test) => this.#count(test, 'passed'));
    // A hook that failed fails like a test. A test that was skipped backs no claim.
    runner.on(EVENT_TEST_FAIL, (runnable) => this.#count(runnable, 'failed'));
    runner.on(EVENT_TEST_PENDING, (test) => this.#count(test, 'failed'));
    runner.once(EVENT_RUN_END, () => {
      const files = [...this.#results].map(([file, result]): FileResult => ({ file, ...result }));
      writeFileSync(report, encodeFileReport({ files, unplacedFailures: this.#unplacedFailures }));
    });
  }

  #count(runnable: Placed, what: 'passed' | 'failed'): void {
    const result = this.#resultOf(runnable);
    if (result !== undefined) result[what] += 1;
    else if (what === 'failed') this.#unplacedFailures += 1;
  }

  #resultOf(placed: Placed): { passed: number; failed: number; durationMs: number } | undefined {
    const file = fileOf(placed);
    if (file === undefined) return undefined;
    const result = this.#results.get(file) ?? { passed: 0, failed: 0, durationMs: 0 };
    this.#results.set(file, result);
    return result;
  }
}

function fileOf(placed: Placed): string | undefined {
  for (let at: Placed | undefined = placed; at !== undefined; at = at.parent) {
    if (at.file !== undefined) return relative(process.cwd(), at.file);
  }
  return undefined;
}

// mocha asks for its reporter by `require` and calls what it gets.
export { FileReporter as 'module.exports' };
