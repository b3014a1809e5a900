import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { CliError } from '../../../../sdk/cli/cli-error.ts';
import { countOf, daysOf, regionsOf, sizeOf, tokensOf } from '../../../../sdk/cli/option-values.ts';
import { Settings } from '../../../../sdk/cli/settings/settings.ts';

describe('settings of bcdn', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-settings-'));
    await mkdir(join(folder, 'bcdn'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const write = (text: string): Promise<void> => writeFile(join(folder, 'bcdn', 'config.json'), text);

  async function codeOf(work: () => unknown): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      return error instanceof CliError ? error.code : String(error);
    }
  }

  it('prefer the flag to the environment to the file to the default', async () => {
    await write('{"marketplace": "http://file", "rpc": "http://file", "regions": ["eu-west", "us-east"]}');
    const environment = {
      XDG_CONFIG_HOME: folder,
      BCDN_RPC: 'http://variable',
      BCDN_MARKETPLACE: 'http://variable',
    };
    const settings = await Settings.read({ marketplace: 'http://flag' }, environment);
    expect(settings.require('marketplace')).to.equal('http://flag');
    expect(settings.require('rpc')).to.equal('http://variable');
    expect(settings.require('regions')).to.equal('eu-west,us-east');
    expect(settings.require('replicas')).to.equal('3');
    expect(settings.get('maxRate')).to.equal(undefined);
    const names = ['marketplace', 'rpc', 'regions', 'replicas', 'maxRate'] as const;
    expect(names.filter((name) => settings.isNamed(name))).to.deep.equal(['marketplace', 'rpc', 'regions']);
    expect(await codeOf(() => settings.require('keystore'))).to.equal('OPTION_MISSING');
  });

  it('do without a file, unless it was named', async () => {
    const absent = join(folder, 'absent.json');
    expect((await Settings.read({}, { XDG_CONFIG_HOME: join(folder, 'x') })).get('rpc')).to.equal(undefined);
    expect(await codeOf(() => Settings.read({}, { BCDN_CONFIG: absent }))).to.equal('CONFIG_INVALID');
  });

  for (const text of [
    '{',
    '[]',
    '{"market": "http://x"}',
    '{"rpc": {}}',
    `{"rpc": "${'x'.repeat(70_000)}"}`,
  ]) {
    it(`refuse a file such as ${text.slice(0, 24)}`, async () => {
      await write(text);
      expect(await codeOf(() => Settings.read({}, { XDG_CONFIG_HOME: folder }))).to.equal('CONFIG_INVALID');
    });
  }

  it('and options have units, and say what they take', async () => {
    expect(sizeOf('--size', '2GiB')).to.equal(2n ** 31n);
    expect(tokensOf('--budget', '0.5BCDN')).to.equal(5n * 10n ** 17n);
    expect(regionsOf('--regions', 'eu-west, us-east')).to.deep.equal(['eu-west', 'us-east']);
    expect(daysOf('--days', '1.5')).to.equal(1.5);
    expect(countOf('--replicas', '4', { min: 1, max: 9 })).to.equal(4);
    for (const wrong of [
      () => sizeOf('--size', '2 potatoes'),
      () => tokensOf('--budget', '40'),
      () => regionsOf('--regions', 'Europe'),
      () => daysOf('--days', '0'),
      () => countOf('--replicas', '10', { min: 1, max: 9 }),
    ]) {
      expect(await codeOf(wrong)).to.equal('OPTION_INVALID');
    }
  });
});
