import type { ErrorReport } from './node-error.ts';
import type { NodeLog } from './node-log.ts';
import { untilItWorks } from './retry.ts';

/** What keeps a starting node waiting, as `status` tells it. */
export class PassingTrouble {
  readonly #log: NodeLog;
  readonly #signal: AbortSignal;
  #report: ErrorReport | undefined;

  constructor(log: NodeLog, signal: AbortSignal) {
    this.#log = log;
    this.#signal = signal;
  }

  /** Undefined when nothing hinders. */
  get report(): ErrorReport | undefined {
    return this.#report;
  }

  /** Repeats work while what hinders it can pass. @throws whatever cannot pass; the signal's reason */
  waiting<T>(work: () => Promise<T>): Promise<T> {
    return untilItWorks(work, {
      signal: this.#signal,
      onTrouble: (report) => {
        if (report !== undefined && report.code !== this.#report?.code) {
          const { code, message, remedy } = report;
          this.#log.warn({ code, remedy }, message);
        }
        this.#report = report;
      },
    });
  }
}
