import type { FileReport } from './file-report.ts';
import type { Count } from './stages.ts';

/** How a stage fared; file by file, if its runner says so. */
export interface StageRun {
  readonly count: Count;
  readonly report: FileReport | undefined;
}

/**
 * The files in which a stage failed.
 * @returns undefined if they do not explain every failure, such as one of the whole run: then the whole stage has failed
 */
export function failedFiles({ count, report }: StageRun): readonly string[] | undefined {
  if (report === undefined) return undefined;
  const failed = report.files.filter((file) => file.failed > 0);
  const explained = failed.reduce((sum, file) => sum + file.failed, 0);
  return explained === count.failed ? failed.map(({ file }) => file) : undefined;
}

/** What a stage counts when some of its files were run once more: only the last run of each file counts. */
export function countWithRepeats({ count, report }: StageRun, repeats: ReadonlyMap<string, Count>): Count {
  let { passed, failed } = count;
  for (const { file, ...before } of report?.files ?? []) {
    const after = repeats.get(file);
    if (after === undefined) continue;
    passed += after.passed - before.passed;
    failed += after.failed - before.failed;
  }
  return { passed, failed };
}
