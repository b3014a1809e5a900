import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createHardhatRuntimeEnvironment } from 'hardhat/hre';
import type { HardhatRuntimeEnvironment } from 'hardhat/types/hre';

import userConfig from '../../hardhat.config.ts';

/** The root of the repository. */
export const REPOSITORY_ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Hardhat with this repository's configuration, whatever the current directory is. */
export async function openHardhat(): Promise<HardhatRuntimeEnvironment> {
  const config = join(REPOSITORY_ROOT, 'hardhat.config.ts');
  return createHardhatRuntimeEnvironment(userConfig, { config }, REPOSITORY_ROOT);
}
