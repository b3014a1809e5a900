import { z } from 'zod';

/** How the tests of one file fared. */
export interface FileResult {
  /** Relative to the folder of the run. */
  readonly file: string;
  readonly passed: number;
  /** Tests and hooks that failed, and tests that were skipped. */
  readonly failed: number;
  /** From its first suite to its last, hooks included. */
  readonly durationMs: number;
}

/** How a run of mocha fared, file by file. */
export interface FileReport {
  readonly files: readonly FileResult[];
  /** Failures that mocha places in no file, such as an error that nobody awaited. */
  readonly unplacedFailures: number;
}

const count = z.number().int().nonnegative();
const fileReportSchema = z
  .object({
    files: z.array(
      z
        .object({ file: z.string(), passed: count, failed: count, durationMs: z.number().nonnegative() })
        .strict(),
    ),
    unplacedFailures: count,
  })
  .strict();

export function encodeFileReport(report: FileReport): string {
  return JSON.stringify(report);
}

/** @returns undefined if the text is none: its run died before it ended */
export function decodeFileReport(text: string): FileReport | undefined {
  try {
    return fileReportSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** @returns the slowest first, those that took longer than `longerThanMs` */
export function slowFiles({ files }: FileReport, longerThanMs: number): FileResult[] {
  return files
    .filter(({ durationMs }) => durationMs > longerThanMs)
    .sort((a, b) => b.durationMs - a.durationMs);
}
