import { expect } from 'chai';

import { decodeFileReport, encodeFileReport, slowFiles } from '../../../scripts/test/file-report.ts';
import { countWithRepeats, failedFiles } from '../../../scripts/test/repeated-files.ts';

const whole = { file: 'a.test.ts', passed: 4, failed: 0, durationMs: 30_000 };
const broken = { file: 'b.test.ts', passed: 1, failed: 2, durationMs: 90_000 };
const report = { files: [whole, broken], unplacedFailures: 0 };

describe('files that are run once more', () => {
  it('are those that failed', () => {
    expect(failedFiles({ count: { passed: 5, failed: 2 }, report })).to.deep.equal(['b.test.ts']);
  });

  it('are not known of a run without a report, or of one that failed beside its files', () => {
    expect(failedFiles({ count: { passed: 5, failed: 2 }, report: undefined })).to.equal(undefined);
    expect(failedFiles({ count: { passed: 5, failed: 3 }, report })).to.equal(undefined);
  });

  it('count in the place of what they counted before', () => {
    const run = { count: { passed: 5, failed: 2 }, report };
    expect(countWithRepeats(run, new Map([['b.test.ts', { passed: 6, failed: 0 }]]))).to.deep.equal({
      passed: 10,
      failed: 0,
    });
    expect(countWithRepeats(run, new Map([['b.test.ts', { passed: 5, failed: 1 }]]))).to.deep.equal({
      passed: 9,
      failed: 1,
    });
  });
});

describe('the report of a run', () => {
  it('is read back as it was written', () => {
    expect(decodeFileReport(encodeFileReport(report))).to.deep.equal(report);
  });

  it('that broke off is none', () => {
    expect(decodeFileReport(encodeFileReport(report).slice(0, -1))).to.equal(undefined);
    expect(decodeFileReport('{"files":[{"file":"a"}]}')).to.equal(undefined);
  });

  it('names its slow files, the slowest first', () => {
    expect(slowFiles(report, 20_000).map(({ file }) => file)).to.deep.equal(['b.test.ts', 'a.test.ts']);
    expect(slowFiles(report, 30_000).map(({ file }) => file)).to.deep.equal(['b.test.ts']);
  });
});
