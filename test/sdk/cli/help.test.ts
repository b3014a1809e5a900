import { expect } from 'chai';
import { Command } from 'commander';

import { COMMANDS } from '../../../sdk/cli/commands.ts';
import { allCommands, commandTree } from '../../../sdk/cli/completion/command-tree.ts';

describe('every command of bcdn', () => {
  const program = new Command('bcdn');
  for (const add of COMMANDS) add(program, async () => undefined);
  const leaves = allCommands(commandTree(program)).filter(
    ({ path, commands }) => path.length > 0 && path.at(-1) !== 'help' && commands.length === 0,
  );

  it('is there', () => {
    const names = leaves.map(({ path }) => path.join(' '));
    const deals = ['open', 'list', 'show', 'top-up', 'pause', 'resume', 'close'].map(
      (name) => `deal ${name}`,
    );
    expect(names).to.include.members([...deals, 'publish', 'quote', 'fetch', 'purge', 'origin', 'devnet']);
    expect(names).to.include('audit download');
  });

  for (const { path } of leaves) {
    it(`bcdn ${path.join(' ')} has --json, and examples in its help`, () => {
      let command = program;
      for (const name of path) {
        const next = command.commands.find((inner) => inner.name() === name);
        if (next === undefined) throw new RangeError(`there is no ${name}`);
        command = next;
      }
      let help = '';
      command.configureOutput({ writeOut: (text) => void (help += text) });
      command.outputHelp();
      expect(help)
        .to.match(/--json/)
        .and.to.match(/Examples?:\n {2}\$ bcdn /);
    });
  }
});
