import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { deliverByPackage } from '../../../scripts/package/check/delivery-by-package.ts';
import { readManifest, type PackageManifest } from '../../../scripts/package/package-manifest.ts';
import { assemblePackage } from './assembled-package.ts';

const run = promisify(execFile);
const SPECIFIER = /(?:\bfrom |\bimport\(|^import )['"]([^'"]+)['"]/gm;
const PACKAGES_OF_BROWSERS = [
  '@ipld/dag-pb',
  '@noble/curves',
  '@noble/hashes',
  'ipfs-unixfs',
  'ipfs-unixfs-exporter',
  'multiformats',
  'zod',
];

/** The built JavaScript, as an installed package has it, with the packages of the checkout. */
describe('a built package', function () {
  this.timeout(300_000);
  let folder: string;
  let remove: () => Promise<void>;
  let manifest: PackageManifest;

  before(async () => {
    manifest = await readManifest();
    ({ folder, remove } = await assemblePackage());
  });

  after(() => remove());

  it('has nothing but JavaScript, contracts and pages: no source, no test', () => {
    const files = globSync('{dist,sdk,node,marketplace}/**/*.{ts,tsx}', { cwd: folder });
    expect(files).to.deep.equal([]);
    expect(globSync('dist/package/{sdk,node,marketplace}/**/*.js', { cwd: folder })).to.have.length.above(
      500,
    );
    expect(globSync('contracts/*.sol', { cwd: folder })).to.have.length.above(5);
    for (const page of ['web/index.html', 'dashboard/index.html', 'player/embed.js']) {
      expect(globSync(`dist/package/dist/${page}`, { cwd: folder }), page).to.have.length(1);
    }
  });

  it('names every package that it imports, and no other, as a dependency', async () => {
    const files = globSync('dist/package/{sdk,node,marketplace}/**/*.js', { cwd: folder });
    const imported = await Promise.all(files.map((file) => packagesOf(join(folder, file))));
    expect([...new Set(imported.flat())].sort()).to.deep.equal(Object.keys(manifest.dependencies).sort());
  });

  it('shows the help of each command', async () => {
    for (const [name, launcher] of Object.entries(manifest.bin)) {
      const { stdout } = await run(process.execPath, [join(folder, launcher), '--help']);
      expect(stdout).to.match(new RegExp(`^Usage: ${name} `));
    }
  });

  it('says what is missing under an old Node, and exits as a failed command does', async () => {
    const pretend = 'Object.defineProperty(process.versions, "node", { value: "20.20.2" })';
    for (const [name, launcher] of Object.entries(manifest.bin)) {
      const { code, stderr } = await refused([
        `--import=data:text/javascript,${pretend}`,
        join(folder, launcher),
      ]);
      expect(code, name).to.equal(name === 'bcdn' ? 3 : 1);
      expect(stderr).to.include(`${name} needs Node 22.13 or later, best 24; this is 20.20.2`);
      expect(stderr).to.include('Install Node 24, or run `npm install node@24` in ');
    }
  });

  it('says that it is not whole where its programs are missing', async () => {
    const lone = join(folder, 'lone');
    for (const file of ['sdk/cli/bcdn.mjs', 'sdk/cli/current-node.mjs']) {
      await mkdir(dirname(join(lone, file)), { recursive: true });
      await writeFile(join(lone, file), await readFile(join(folder, file)));
    }
    const { code, stderr } = await refused([join(lone, 'sdk/cli/bcdn.mjs')]);
    expect(code).to.equal(3);
    expect(stderr)
      .to.include('bcdn is not whole: sdk/cli/main is missing')
      .and.to.include('Install it again.');
  });

  it('opens its doors to applications by name', async () => {
    const program = `import { fetchContent, decodeDeployment } from 'bcdn/sdk';
      import { FetchSession, BROWSER_COMPONENTS } from 'bcdn/sdk/browser';
      import { nodeRegistryAbi } from 'bcdn/contracts';
      import market from 'bcdn/contracts/DealMarket.json' with { type: 'json' };
      const kinds = [fetchContent, decodeDeployment, FetchSession, BROWSER_COMPONENTS].map((part) => typeof part);
      const sources = ['bcdn/contracts/interfaces/IDealMarket.sol', 'bcdn/player'].map((name) => import.meta.resolve(name));
      console.log(JSON.stringify({ kinds, abis: [nodeRegistryAbi.length, market.length].map((length) => length > 10), sources }));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: folder });
    const seen = JSON.parse(stdout) as { kinds: string[]; abis: boolean[]; sources: string[] };
    expect(seen.kinds).to.deep.equal(['function', 'function', 'function', 'object']);
    expect(seen.abis).to.deep.equal([true, true]);
    expect(seen.sources.map((url) => relative(folder, new URL(url).pathname))).to.deep.equal([
      'contracts/interfaces/IDealMarket.sol',
      'dist/package/dist/player/embed.js',
    ]);
  });

  it('has a door for browsers behind which there is nothing of Node', async () => {
    const reached = await reachedFrom(join(folder, 'dist/package/sdk/browser.js'));
    expect([...reached.builtins]).to.deep.equal([]);
    expect([...reached.packages].sort()).to.deep.equal(PACKAGES_OF_BROWSERS);
  });

  it('runs a marketplace and edges with workers; what is published is fetched, byte for byte, and audited', async () => {
    const workspace = join(folder, 'workspace');
    await mkdir(workspace);
    const { edges, workers, receipts, pages } = await deliverByPackage(folder, workspace);
    expect({ edges, workers }).to.deep.equal({ edges: 2, workers: 4 });
    expect(receipts).to.be.above(0);
    expect(pages).to.have.length(4);
  });
});

async function refused(argv: readonly string[]): Promise<{ code: number; stderr: string }> {
  // Otherwise the Node that the checkout brings would take over.
  const env = { ...process.env, BCDN_HANDED_OVER: '1' };
  try {
    const { stderr } = await run(process.execPath, argv, { env });
    return { code: 0, stderr };
  } catch (error) {
    return error as { code: number; stderr: string };
  }
}

async function specifiersOf(file: string): Promise<string[]> {
  return [...(await readFile(file, 'utf8')).matchAll(SPECIFIER)].flatMap(([, specifier]) => specifier ?? []);
}

async function packagesOf(file: string): Promise<string[]> {
  const specifiers = await specifiersOf(file);
  return specifiers.filter((name) => !name.startsWith('.') && !isBuiltin(name)).map(packageName);
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Everything that a file imports, and what that imports. */
async function reachedFrom(door: string): Promise<{ builtins: Set<string>; packages: Set<string> }> {
  const builtins = new Set<string>();
  const packages = new Set<string>();
  const files = new Set([door]);
  for (const file of files) {
    for (const specifier of await specifiersOf(file)) {
      if (specifier.startsWith('.')) files.add(join(dirname(file), specifier));
      else if (isBuiltin(specifier)) builtins.add(specifier);
      else packages.add(packageName(specifier));
    }
  }
  return { builtins, packages };
}
