import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

const REQUIRE_NODE = pathToFileURL(join(import.meta.dirname, '../../../scripts/setup/require-node.mjs')).href;

/** Imports the check under a version that is only claimed: the check reads nothing but process.versions. */
async function runAs(version: string): Promise<{ code: number; stderr: string }> {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: ${JSON.stringify(version)} });
await import(${JSON.stringify(REQUIRE_NODE)});`;
  try {
    const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', pretend]);
    return { code: 0, stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, stderr };
  }
}

describe('the Node version check', () => {
  for (const version of ['20.20.2', '22.12.0', '18.0.0']) {
    it(`refuses ${version} and says what to do`, async () => {
      const { code, stderr } = await runAs(version);
      expect(code).to.equal(1);
      expect(stderr).to.include('bcdn needs Node 22.13 or later').and.to.include('npm start');
    });
  }
  for (const version of ['22.13.0', '24.21.0', '26.0.0']) {
    it(`accepts ${version}`, async () => {
      expect(await runAs(version)).to.deep.equal({ code: 0, stderr: '' });
    });
  }
});
