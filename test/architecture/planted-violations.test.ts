import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '../..');
const CONFIGURATION = [
  'package.json',
  'tsconfig.json',
  'sdk/protocol/tsconfig.json',
  'node/core/tsconfig.json',
  'eslint.config.js',
  '.dependency-cruiser.js',
];

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** A rule that nothing can break proves nothing: each gate is shown a tree with one violation planted in it. */
describe('the gates of npm test', () => {
  let tree: string;

  beforeEach(async () => {
    tree = await mkdtemp(join(tmpdir(), 'bcdn-planted-'));
    for (const file of CONFIGURATION) {
      await mkdir(join(tree, dirname(file)), { recursive: true });
      await cp(join(ROOT, file), join(tree, file));
    }
    await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    for (const folder of ['sdk/client', 'node/adapters', 'node/app', 'marketplace', 'scripts', 'test']) {
      await mkdir(join(tree, folder), { recursive: true });
    }
    await plant('sdk/protocol/ground.ts', 'export const ground = 1;\n');
  });

  afterEach(async () => rm(tree, { recursive: true, force: true }));

  const plant = async (file: string, text: string): Promise<void> => {
    await mkdir(join(tree, dirname(file)), { recursive: true });
    await writeFile(join(tree, file), text);
  };

  const run = async (program: string, ...args: string[]): Promise<Outcome> => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    execFile(join(ROOT, 'node_modules/.bin', program), args, { cwd: tree }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
    return promise;
  };

  const cruise = async (): Promise<Outcome> =>
    run('depcruise', '--config', '.dependency-cruiser.js', 'sdk', 'node', 'marketplace', 'scripts', 'test');

  describe('dependency rules', () => {
    it('accept a tree without violations', async () => {
      await plant('node/core/idea.ts', "export { ground } from '../../sdk/protocol/ground.ts';\n");
      expect(await cruise()).to.have.property('exitCode', 0);
    });

    const arrows: readonly [rule: string, from: string, to: string][] = [
      ['protocol-is-the-ground', 'sdk/protocol/planted.ts', 'sdk/client/target.ts'],
      ['sdk-knows-no-node', 'sdk/client/planted.ts', 'node/core/target.ts'],
      ['core-imports-only-protocol', 'node/core/planted.ts', 'sdk/client/target.ts'],
      ['adapters-know-no-app', 'node/adapters/planted.ts', 'node/app/target.ts'],
      ['app-knows-no-cli', 'node/app/planted.ts', 'node/cli/target.ts'],
      ['node-knows-no-marketplace', 'node/app/planted.ts', 'marketplace/target.ts'],
      ['marketplace-knows-no-node', 'marketplace/planted.ts', 'node/core/target.ts'],
      ['simulator-knows-no-adapters', 'scripts/simulator/planted.ts', 'node/adapters/target.ts'],
      ['nothing-imports-test', 'scripts/planted.ts', 'test/target.ts'],
    ];
    for (const [rule, from, to] of arrows) {
      it(`refuse ${from.replace('/planted.ts', '')} importing ${to.replace('/target.ts', '')}`, async () => {
        await plant(to, 'export const target = 1;\n');
        await plant(from, `export { target } from '${'../'.repeat(from.split('/').length - 1)}${to}';\n`);
        const { exitCode, output } = await cruise();
        expect(exitCode).to.be.greaterThan(0);
        expect(output).to.include(rule);
      });
    }

    it('refuse a cycle', async () => {
      await plant('node/core/a.ts', "import { b } from './b.ts';\nexport const a: number = b;\n");
      await plant('node/core/b.ts', "import { a } from './a.ts';\nexport const b: number = a;\n");
      expect((await cruise()).output).to.include('no-cycles');
    });

    it('refuse a package that the pure layers may not use', async () => {
      await plant('sdk/protocol/planted.ts', "export { ZeroAddress } from 'ethers';\n");
      await plant('node/core/planted.ts', "export { readFile } from 'node:fs/promises';\n");
      const { output } = await cruise();
      expect(output).to.include('protocol-packages').and.to.include('core-packages');
    });
  });

  describe('the purity check', () => {
    const impurities: readonly [name: string, text: string][] = [
      ['a timer', 'setTimeout(() => 1, 1);\nexport {};\n'],
      ['fetch', "export const page = fetch('http://localhost');\n"],
      ['process', 'export const id = process.pid;\n'],
      ['a node: module', "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n"],
    ];
    for (const project of ['sdk/protocol', 'node/core']) {
      it(`compiles pure code in ${project}`, async () => {
        await plant(`${project}/planted.ts`, 'export const sum = (a: number, b: number): number => a + b;\n');
        expect(await run('tsc', '-p', project, '--noEmit')).to.deep.equal({ exitCode: 0, output: '' });
      });
      for (const [name, text] of impurities) {
        it(`refuses ${name} in ${project}`, async () => {
          await plant(`${project}/planted.ts`, text);
          const { exitCode, output } = await run('tsc', '-p', project, '--noEmit');
          expect(exitCode).to.be.greaterThan(0);
          expect(output).to.include('planted.ts');
        });
      }
    }
  });

  describe('lint', () => {
    const violations: readonly [rule: string, file: string, text: string][] = [
      ['no-restricted-properties', 'node/core/planted.ts', 'export const now = (): number => Date.now();\n'],
      [
        'no-restricted-properties',
        'sdk/protocol/planted.ts',
        'export const dice = (): number => Math.random();\n',
      ],
      ['no-restricted-syntax', 'node/core/planted.ts', 'export const now = (): Date => new Date();\n'],
      ['no-restricted-syntax', 'node/app/planted.ts', 'export class PeerManager {}\n'],
      [
        'no-restricted-syntax',
        'node/app/planted.ts',
        "export const fail = (): never => {\n  throw new Error('no code');\n};\n",
      ],
      [
        '@typescript-eslint/no-explicit-any',
        'node/app/planted.ts',
        'export const anything = (value: any): void => void value;\n',
      ],
      ['@typescript-eslint/no-floating-promises', 'node/app/planted.ts', 'Promise.resolve(1);\nexport {};\n'],
      ['no-empty', 'node/app/planted.ts', 'try {\n  JSON.parse("");\n} catch {}\nexport {};\n'],
    ];
    it('refuses every planted violation by its rule', async () => {
      for (const [index, [rule, file, text]] of violations.entries()) {
        await plant(file.replace('planted', `planted-${index}-${rule.replace(/\W/g, '-')}`), text);
      }
      const { output } = await run('eslint', 'node', 'sdk', '--format', 'json');
      const results = JSON.parse(output) as { filePath: string; messages: { ruleId: string }[] }[];
      for (const [index, [rule]] of violations.entries()) {
        const result = results.find(({ filePath }) => filePath.includes(`planted-${index}-`));
        expect(
          result?.messages.map(({ ruleId }) => ruleId),
          `violation ${index}`,
        ).to.include(rule);
      }
    });
  });
});
