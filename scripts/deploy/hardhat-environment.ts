import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createHardhatRuntimeEnvironment } from 'hardhat/hre';
import type { HardhatRuntimeEnvironment } from 'hardhat/types/hre';

import userConfig from '../../hardhat.config.ts';

/** The root of the repository. */
export const REPOSITORY_ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Set while coverage is measured: tests then share Hardhat's own environment, in which the contracts are instrumented. */
export const MEASURES_COVERAGE = process.env['BCDN_COVERAGE'] === '1';

/**
 * Hardhat's network alone, for a chain inside a process that tests something else: the toolbox would replace chai's own
 * matchers by those for big numbers.
 */
export async function openHardhatNetwork(): Promise<HardhatRuntimeEnvironment> {
  const { networks } = userConfig;
  return createHardhatRuntimeEnvironment(networks === undefined ? {} : { networks }, {}, REPOSITORY_ROOT);
}

/** Hardhat with this repository's configuration, whatever the current directory is. */
export async function openHardhat(): Promise<HardhatRuntimeEnvironment> {
  if (MEASURES_COVERAGE) return (await import('hardhat')).default;
  const config = join(REPOSITORY_ROOT, 'hardhat.config.ts');
  return createHardhatRuntimeEnvironment(userConfig, { config }, REPOSITORY_ROOT);
}
