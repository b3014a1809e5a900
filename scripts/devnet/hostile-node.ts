/**
 * An edge that lies: the real node with a hostile disk behind it. It behaves until it gets SIGUSR2; from then on every
 * block that it serves is wrong. For the development network and tests only.
 */
import { parseArgs } from 'node:util';

import { openLibp2pKey } from '../../node/adapters/keystore/libp2p-key.ts';
import { openOperatorKeystore } from '../../node/adapters/keystore/operator-keystore.ts';
import { readPasswordFile } from '../../node/adapters/keystore/password-file.ts';
import { composeNode } from '../../node/app/compose.ts';
import { loadConfig } from '../../node/app/config/config-file.ts';
import { dataDirAt } from '../../node/app/config/data-dir.ts';
import type { BlockReader } from '../../node/core/storage/block-ports.ts';
import { DevnetError } from './devnet-error.ts';

const { values } = parseArgs({
  options: { 'data-dir': { type: 'string' }, 'password-file': { type: 'string' }, json: { type: 'boolean' } },
});
const dataDir = dataDirAt(required(values['data-dir']));
const password = await readPasswordFile(required(values['password-file']));
let lying = false;

/** Reads as the real disk does, and gives out a wrong first byte once it lies. */
class LyingReader implements BlockReader {
  readonly #honest: BlockReader;

  constructor(honest: BlockReader) {
    this.#honest = honest;
  }

  async get(...request: Parameters<BlockReader['get']>): Promise<Uint8Array | undefined> {
    const block = await this.#honest.get(...request);
    if (block === undefined || !lying) return block;
    const corrupted = block.length === 0 ? new Uint8Array(1) : block.slice();
    corrupted[0] = (corrupted[0] ?? 0) ^ 0xff;
    return corrupted;
  }

  async sizeOf(...request: Parameters<BlockReader['sizeOf']>): Promise<number | undefined> {
    const size = await this.#honest.sizeOf(...request);
    return lying && size === 0 ? 1 : size;
  }
}

process.on('SIGUSR2', () => (lying = true));

const node = await composeNode(
  await loadConfig(dataDir, {}, process.env),
  {
    operator: await openOperatorKeystore(dataDir.keystore, password),
    libp2p: await openLibp2pKey(dataDir.libp2pKey),
  },
  { decorateBlocks: (reader) => new LyingReader(reader) },
);
process.once('SIGTERM', () => void node.stop());
const ready = await node.start();
process.stdout.write(`${JSON.stringify({ event: 'ready', ...ready })}\n`);

function required(value: string | undefined): string {
  if (value !== undefined) return value;
  throw new DevnetError('OPTION_INVALID', 'Give --data-dir and --password-file.');
}
