import { noise } from '@libp2p/noise';
import type { Libp2pOptions } from 'libp2p';

import { connectionOptions } from '../../../node/adapters/libp2p/host.ts';
import { BenchError } from '../bench-error.ts';
import type { PlaneSetting } from './plane-protocol.ts';

type Encrypters = NonNullable<Libp2pOptions['connectionEncrypters']>;
type Encrypter = PlaneSetting['encrypter'];

/** Packages that are no dependency: measured where someone put them beside this file. */
const OPTIONAL: Partial<Record<Encrypter, string>> = { tls: '@libp2p/tls', plaintext: '@libp2p/plaintext' };

/** The encrypter of a setting; undefined if its package is not installed. */
export async function encrypterOf(encrypter: Encrypter): Promise<Encrypters | undefined> {
  if (encrypter === 'noise') return [noise()];
  const name = OPTIONAL[encrypter];
  if (name === undefined) return nodeEncrypters();
  try {
    const module = (await import(name)) as Readonly<Record<string, unknown>>;
    const factory = module[encrypter];
    if (typeof factory === 'function') return [(factory as () => Encrypters[number])()];
    throw new BenchError('BENCH_RESULT_WRONG', {
      message: `${name} does not export ${encrypter}.`,
      remedy: 'Install the version for libp2p 3.',
    });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function nodeEncrypters(): Promise<Encrypters> {
  const { generateKeyPair } = await import('@libp2p/crypto/keys');
  const options = connectionOptions({ privateKey: await generateKeyPair('Ed25519'), listenAddresses: [] });
  return options.connectionEncrypters ?? [];
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}
