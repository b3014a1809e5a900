import type { z } from 'zod';
import { loadConfig, type NodeConfig } from '../app/config/config-file.ts';
import { askNode } from '../app/control/control-client.ts';
import { NodeError } from '../app/node-error.ts';
import type { ChainAccount } from '../app/operator-account/chain-account.ts';
import { dataDirOf, passwordOf, type PlaceOptions } from './place.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

/** A transaction waits for blocks. */
const SEND_TIMEOUT_MS = 300_000;
const READ_TIMEOUT_MS = 30_000;

/** Something about the operator's account: how the running node is asked, and how it is done without one. */
export interface AccountCall<Schema extends z.ZodType> {
  readonly path: string;
  readonly body: Readonly<Record<string, string>>;
  readonly answer: Schema;
}

/** Reads through the running node, or from the chain when none runs. @throws NodeError, ChainError, KeystoreError */
export async function readAccount<Schema extends z.ZodType>(
  options: PlaceOptions,
  call: AccountCall<Schema>,
  stopped: (account: Pick<ChainAccount, 'node' | 'reader'>, config: NodeConfig) => Promise<z.output<Schema>>,
): Promise<z.output<Schema>> {
  return unlessOffline(options, { ...call, timeoutMs: READ_TIMEOUT_MS }, async (config) => {
    const { withAccountReader } = await import('../app/operator-account/chain-account.ts');
    return withAccountReader(config, (account) => stopped(account, config));
  });
}

/** Sends through the running node, whose key is open, or opens the key when none runs. @throws NodeError, ChainError, KeystoreError */
export async function sendFromAccount<Schema extends z.ZodType>(
  { options, terminal }: { readonly options: PlaceOptions; readonly terminal: Terminal },
  call: AccountCall<Schema>,
  stopped: (account: ChainAccount, config: NodeConfig) => Promise<z.output<Schema>>,
): Promise<z.output<Schema>> {
  return unlessOffline(options, { ...call, timeoutMs: SEND_TIMEOUT_MS }, async (config) => {
    terminal.say('The node is not running: opening its key.');
    const password = await passwordOf(options, terminal);
    const { withStoppedAccount } = await import('../app/operator-account/chain-account.ts');
    return withStoppedAccount(config, password, (account) => stopped(account, config));
  });
}

async function unlessOffline<Schema extends z.ZodType>(
  options: PlaceOptions,
  call: AccountCall<Schema> & { readonly timeoutMs: number },
  stopped: (config: NodeConfig) => Promise<z.output<Schema>>,
): Promise<z.output<Schema>> {
  const dataDir = dataDirOf(options);
  try {
    return await askNode({ ...call, socket: dataDir.controlSocket });
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'NODE_OFFLINE') throw error;
    return stopped(await loadConfig(dataDir, {}, process.env));
  }
}
