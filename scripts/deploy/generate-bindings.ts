/**
 * Compiles the contracts and writes everything that is generated from them under `sdk/chain/generated`: types
 * (typechain), ABIs, the sentences of their errors, and the bytecode that deploying needs. Does nothing, quickly, when nothing changed.
 *
 * node scripts/deploy/generate-bindings.ts [--force]
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { HardhatRuntimeEnvironment } from 'hardhat/types/hre';

import { withBuildLock } from './build-lock.ts';
import { DeployError } from './deploy-error.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const generated = join(root, 'sdk', 'chain', 'generated');
const fingerprintFile = join(generated, 'fingerprint');

/** The contracts that are deployed, in this order; `DealClaims` is deployed by `DealMarket`. */
const CONTRACTS = ['BcdnToken', 'NodeRegistry', 'DealMarket', 'DealClaims'] as const;
const SOURCES = [
  'contracts',
  'test/contracts/mocks',
  'hardhat.config.ts',
  'scripts/deploy/generate-bindings.ts',
];
/** Where the errors are documented. */
const INTERFACES = [
  'contracts/interfaces/INodeRegistry.sol:INodeRegistry',
  'contracts/interfaces/IDealMarket.sol:IDealMarket',
  'contracts/interfaces/ISampledClaims.sol:ISampledClaims',
  'contracts/interfaces/IPeerPools.sol:IPeerPools',
];
const HEADER = '// Generated from the contracts. Do not edit.';
const PACKAGES = [
  'hardhat',
  'solc',
  '@openzeppelin/contracts',
  '@nomicfoundation/hardhat-typechain',
  'typechain',
];

async function sourceFiles(path: string): Promise<string[]> {
  if (path.endsWith('.ts')) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sol'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Changes whenever a source, the configuration or a tool changes. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const require = createRequire(import.meta.url);
  for (const name of PACKAGES) {
    const manifest: unknown = JSON.parse(await readFile(packageManifest(require, name), 'utf8'));
    hash.update(`${name}@${versionOf(manifest)}\n`);
  }
  for (const source of SOURCES) {
    for (const file of await sourceFiles(join(root, source))) {
      hash.update(`${relative(root, file)}\n`).update(await readFile(file));
    }
  }
  return hash.digest('hex');
}

function packageManifest(require: NodeJS.Require, name: string): string {
  const paths = require.resolve.paths(name) ?? [];
  const found = paths.map((path) => join(path, name, 'package.json')).find((path) => existsSync(path));
  return found ?? require.resolve(`${name}/package.json`);
}

function versionOf(manifest: unknown): string {
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '';
}

async function isUpToDate(wanted: string): Promise<boolean> {
  if (!existsSync(fingerprintFile)) return false;
  const outputs = ['abi.ts', 'bytecode.ts', 'notices.ts', 'types/index.ts'].map((name) =>
    join(generated, name),
  );
  if (!outputs.every((path) => existsSync(path)) || !existsSync(join(root, 'artifacts', 'contracts')))
    return false;
  return (await readFile(fingerprintFile, 'utf8')) === wanted;
}

async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${String(process.pid)}`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

function constantName(contract: string, suffix: string): string {
  return `${contract.charAt(0).toLowerCase()}${contract.slice(1)}${suffix}`;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** The documented sentence of each error, by its name, from the compiler's user documentation. */
async function errorNotices(hre: HardhatRuntimeEnvironment): Promise<Record<string, string>> {
  const notices: Record<string, string> = {};
  for (const qualified of INTERFACES) {
    const [source = '', contract = ''] = qualified.split(':');
    const id = await hre.artifacts.getBuildInfoId(qualified);
    const path = id === undefined ? undefined : await hre.artifacts.getBuildInfoOutputPath(id);
    if (path === undefined)
      throw new DeployError('BUILD_INCOMPLETE', `The build has no output for ${qualified}.`);
    const output: unknown = JSON.parse(await readFile(path, 'utf8'));
    const contracts = property(property(output, 'output'), 'contracts');
    const errors = property(
      property(property(property(contracts, `project/${source}`), contract), 'userdoc'),
      'errors',
    );
    for (const [signature, documentation] of Object.entries(errors ?? {})) {
      const notice = property(property(documentation, '0'), 'notice');
      if (typeof notice === 'string') notices[signature.slice(0, signature.indexOf('('))] = notice;
    }
  }
  return notices;
}

async function build(wanted: string): Promise<void> {
  // Loaded only when there is something to build: loading Hardhat takes longer than everything else here.
  const { openHardhat } = await import('./hardhat-environment.ts');
  const hre = await openHardhat();
  await rm(join(generated, 'types'), { recursive: true, force: true });
  await hre.tasks.getTask('build').run({ quiet: true, noTests: true });
  const abis = [`${HEADER}\nimport type { JsonFragment } from 'ethers';\n`];
  const bytecodes = [`${HEADER}\n`];
  for (const name of CONTRACTS) {
    const artifact = await hre.artifacts.readArtifact(name);
    abis.push(
      `export const ${constantName(name, 'Abi')}: readonly JsonFragment[] = ${JSON.stringify(artifact.abi)};\n`,
    );
    bytecodes.push(`export const ${constantName(name, 'Bytecode')} = '${artifact.bytecode}';\n`);
  }
  await mkdir(generated, { recursive: true });
  await writeAtomically(join(generated, 'abi.ts'), abis.join('\n'));
  await writeAtomically(join(generated, 'bytecode.ts'), bytecodes.join('\n'));
  const notices = await errorNotices(hre);
  await writeAtomically(
    join(generated, 'notices.ts'),
    `${HEADER}\nexport const errorNotices: Readonly<Record<string, string>> = ${JSON.stringify(notices, null, 2)};\n`,
  );
  await writeAtomically(fingerprintFile, wanted);
}

/**
 * Brings the generated bindings up to date. Safe to call from several processes at once.
 *
 * @returns whether anything was built.
 */
export async function generateBindings(force = false): Promise<boolean> {
  if (!force && (await isUpToDate(await fingerprint()))) return false;
  return withBuildLock(join(root, 'cache'), async () => {
    const wanted = await fingerprint();
    if (!force && (await isUpToDate(wanted))) return false;
    await build(wanted);
    return true;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await generateBindings(process.argv.includes('--force'));
  process.stderr.write(built ? 'contracts: built\n' : 'contracts: up to date\n');
}
