import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';
import { Command, Option } from 'commander';

import {
  addCompletion,
  completionScript,
  SHELLS,
} from '../../../../sdk/cli/completion/completion-command.ts';
import { bcdn } from '../bcdn-process.ts';

const run = promisify(execFile);

function program(): Command {
  const made = new Command('cdn-tool').description("an operator's tool").version('1');
  const deal = made.command('deal').description('deals: yours');
  deal
    .command('open')
    .description("opens one, and doesn't ask")
    .addOption(new Option('--region <code>', 'where').choices(['eu-west', 'us-east']))
    .option('--keystore <file>', 'a key')
    .option('--data-dir <path>', 'a folder')
    .option('--tag <name>', 'a name')
    .option('--yes', 'no question');
  deal.command('list');
  made.command('audit').argument('<file>', 'what to check');
  addCompletion(made, () => undefined);
  return made;
}

describe('completion of a command line', function () {
  this.timeout(20_000);
  let directory: string;
  let script: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-completion-'));
    await writeFile(join(directory, 'key file.json'), '');
    script = join(directory, 'script.bash');
    await writeFile(script, completionScript(program(), 'bash'));
  });

  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** What bash offers for the last of these words. */
  async function offered(...words: readonly string[]): Promise<string[]> {
    const body = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cdn_tool; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const argv = ['--norc', '-c', body, 'bash', script, 'cdn-tool', ...words];
    const { stdout } = await run('bash', argv, { cwd: directory });
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('offers in bash what can follow: commands, their options, choices and paths', async () => {
    expect(await offered('')).to.include.members(['deal', 'audit', 'completion', '--version', '--help']);
    expect(await offered('de')).to.deep.equal(['deal']);
    expect(await offered('deal', '')).to.include.members(['open', 'list']);
    expect(await offered('deal', 'open', '--')).to.include.members(['--region', '--yes', '--help']);
    expect(await offered('deal', 'open', '--region', '')).to.deep.equal(['eu-west', 'us-east']);
    expect(await offered('deal', 'open', '--region', 'us')).to.deep.equal(['us-east']);
    expect(await offered('deal', 'open', '--keystore', 'key')).to.deep.equal(['key file.json']);
    expect(await offered('deal', 'open', '--data-dir', '')).to.deep.equal([]);
    expect(await offered('deal', 'open', '--tag', '')).to.deep.equal([]);
    expect(await offered('audit', 'key')).to.deep.equal(['key file.json']);
    expect(await offered('completion', '')).to.include.members([...SHELLS]);
  });

  it('takes the value of an option for no command', async () => {
    expect(await offered('deal', 'open', '--tag', 'list', '--y')).to.deep.equal(['--yes']);
  });

  it('is a whole script for zsh and fish, whatever descriptions contain', () => {
    const zsh = completionScript(program(), 'zsh');
    expect(zsh).to.match(/^#compdef cdn-tool\n/);
    expect(zsh).to.include(String.raw`'open:opens one, and doesn'\''t ask'`);
    expect(zsh).to.include(`'deal open:--region') compadd -- 'eu-west' 'us-east'; return`);
    const fish = completionScript(program(), 'fish');
    expect(fish).to.include(
      String.raw`-n '__cdn_tool_at \'deal\'' -a 'open' -d 'opens one, and doesn\'t ask'`,
    );
    expect(fish).to.include(`-l 'keystore' -r -F -d 'a key'`);
  });

  it('is printed by bcdn for all its commands, and refuses a shell it does not know', async () => {
    for (const shell of SHELLS) {
      const { code, stdout } = await bcdn(['completion', shell]);
      expect(code).to.equal(0);
      for (const name of ['audit', 'fetch', 'purge', 'origin']) expect(stdout, shell).to.include(name);
    }
    expect((await bcdn(['completion', 'tcsh'])).code).to.equal(2);
  });
});
