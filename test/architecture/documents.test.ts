import { Command } from 'commander';
import { expect } from 'chai';

import { COMMANDS as NODE_COMMANDS } from '../../node/cli/commands.ts';
import description from '../../package.json' with { type: 'json' };
import { BENCHES } from '../../scripts/benchmark/catalogue.ts';
import { ALL_SCENARIOS } from '../../scripts/simulator/scenarios/all-scenarios.ts';
import { COMMANDS as SDK_COMMANDS } from '../../sdk/cli/commands.ts';
import { addCompletion } from '../../sdk/cli/completion/completion-command.ts';
import { deadLinks, missingSources, ownFiles, readDocuments, type Document } from './documents.ts';
import { treeOf, unknownCommands, type CommandTree } from './named-commands.ts';

const NONE: ReadonlyMap<string, CommandTree> = new Map();
const ANY_OPTIONS: CommandTree = { options: 'any', commands: NONE };

/** Documents are true or absent: what they name is there under that name. */
describe('the documents', () => {
  let files: string[];
  let documents: Document[];

  before(async () => {
    files = await ownFiles();
    documents = await readDocuments(files);
  });

  const findings = (find: (document: Document) => string[]): string[] =>
    documents.flatMap((document) => find(document).map((finding) => `${document.path}: ${finding}`));

  it('link only to what is there', () => {
    expect(documents.length).to.be.greaterThan(30);
    expect(findings((document) => deadLinks(document, files))).to.deep.equal([]);
  });

  it('name only source files that are there', () => {
    expect(findings((document) => missingSources(document, files))).to.deep.equal([]);
  });

  it('name only commands and options that the programs have', () => {
    const programs = allPrograms();
    expect(findings(({ text }) => unknownCommands(text, programs))).to.deep.equal([]);
  });

  it('are read by a check that finds what is wrong', () => {
    const text = [
      'See [the ring](../core/ring/README.md), `gone.ts` and `../core/here.ts`.',
      'Run `bcdn-node fly`, `bcdn publish --for-free`, `npm run dance` and `npm run bench -- ring --json`:',
      '```\n$ npm run bcdn -- deal \\\n    forget DEAL   # bcdn-node sing\n```',
    ].join('\n');
    const planted = { path: 'node/app/README.md', text };
    expect(deadLinks(planted, ['node/core/here.ts'])).to.deep.equal(['../core/ring/README.md']);
    expect(missingSources(planted, ['node/core/here.ts'])).to.deep.equal(['gone.ts']);
    expect(unknownCommands(text, allPrograms())).to.have.members([
      'bcdn-node fly',
      'bcdn publish --for-free',
      'npm run dance',
      'npm run bcdn deal forget DEAL',
    ]);
  });
});

/** Every command that a document may name, as one tree. */
function allPrograms(): CommandTree {
  const node = programOf('bcdn-node', NODE_COMMANDS, async () => undefined);
  const publisher = programOf('bcdn', SDK_COMMANDS, async () => undefined);
  const benches = BENCHES.map(({ name, options }): [string, CommandTree] => [
    name,
    {
      options: new Set(['--json', '--help', ...Object.keys(options).map((each) => `--${each}`)]),
      commands: NONE,
    },
  ]);
  const scripts = new Map(Object.keys(description.scripts).map((name) => [name, ANY_OPTIONS]))
    .set('bcdn', publisher)
    .set('bcdn-node', node)
    .set('bench', { options: new Set(['--json', '--help']), commands: new Map(benches) })
    .set('simulate', {
      options: 'any',
      commands: new Map(ALL_SCENARIOS.map(({ name }) => [name, ANY_OPTIONS])),
    });
  const npm = new Map(['start', 'test', 'install', 'ci', 'pack'].map((name) => [name, ANY_OPTIONS])).set(
    'run',
    {
      options: new Set(['--silent']),
      commands: scripts,
    },
  );
  return {
    options: new Set(),
    commands: new Map([
      ['bcdn', publisher],
      ['bcdn-node', node],
      ['npm', { options: 'any', commands: npm }],
    ]),
  };
}

function programOf<Perform>(
  name: string,
  commands: readonly ((program: Command, perform: Perform) => void)[],
  perform: Perform,
): CommandTree {
  const program = new Command(name);
  for (const add of commands) add(program, perform);
  addCompletion(program, () => undefined);
  return treeOf(program);
}
