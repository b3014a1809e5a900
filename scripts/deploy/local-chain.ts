import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { HDNodeWallet, Mnemonic } from 'ethers';

import { DeployError } from './deploy-error.ts';

/** How long the chain may take to answer after it was started. */
const START_TIMEOUT_MS = 60_000;
/** How long the chain may take to end when asked to. */
const STOP_TIMEOUT_MS = 5_000;
/** Accounts that hold ether at the start. */
const ACCOUNTS = 20;
/** The chain's well-known development phrase: worthless on any other chain. */
const MNEMONIC = 'test test test test test test test test test test test junk';
const CHAIN_ID = 31_337n;

/** A running local chain. */
export interface LocalChain {
  /** JSON-RPC over HTTP, on a port of the loopback interface. */
  readonly url: string;
  readonly chainId: bigint;
  /** Accounts with ether, in the order of `privateKeys`. */
  readonly accounts: readonly string[];
  readonly privateKeys: readonly string[];
  /** Process id of the chain. */
  readonly pid: number;
  /** Ends the chain; it ends by itself when this process ends, even by SIGKILL. */
  stop(): Promise<void>;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new DeployError('LOCAL_CHAIN_FAILED', 'The local chain has no output.');
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) return line;
  throw new DeployError('LOCAL_CHAIN_FAILED', 'The local chain ended before it was ready.');
}

function urlOf(line: string): string {
  const json: unknown = JSON.parse(line);
  if (typeof json === 'object' && json !== null && 'url' in json && typeof json.url === 'string')
    return json.url;
  throw new DeployError('LOCAL_CHAIN_FAILED', 'The local chain did not say where it listens.', { line });
}

async function readyUrl(child: ChildProcess, said: () => string): Promise<string> {
  const aborter = new AbortController();
  const timer = setTimeout(() => {
    aborter.abort();
  }, START_TIMEOUT_MS);
  const tooLate = once(aborter.signal, 'abort').then((): never => {
    throw new DeployError('LOCAL_CHAIN_TIMEOUT', 'The local chain did not start in time.', {
      timeoutMs: START_TIMEOUT_MS,
    });
  });
  try {
    return urlOf(await Promise.race([firstLine(child), tooLate]));
  } catch (cause) {
    child.kill('SIGKILL');
    if (cause instanceof DeployError && cause.code === 'LOCAL_CHAIN_TIMEOUT') throw cause;
    throw new DeployError(
      'LOCAL_CHAIN_FAILED',
      'The local chain could not be started.',
      { stderr: said() },
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.stdin?.end();
  await ended;
  clearTimeout(timer);
}

/**
 * Starts a real chain (Hardhat) in a process of its own: chain id 31337, a block at once for every transaction and
 * one each second besides, so that its time advances.
 *
 * @param port where it listens, 0 for any free port; a chain that replaces another one takes the port of that
 * @throws DeployError LOCAL_CHAIN_FAILED, LOCAL_CHAIN_TIMEOUT
 */
export async function startLocalChain(port = 0): Promise<LocalChain> {
  const program = fileURLToPath(new URL('local-chain-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, String(port)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4_000);
  });
  child.stdin.on('error', () => undefined);
  const url = await readyUrl(child, () => stderr);
  child.stdout.resume();
  const mnemonic = Mnemonic.fromPhrase(MNEMONIC);
  const wallets = Array.from({ length: ACCOUNTS }, (_, index) =>
    HDNodeWallet.fromMnemonic(mnemonic, `m/44'/60'/0'/0/${index}`),
  );
  return {
    url,
    chainId: CHAIN_ID,
    accounts: wallets.map((wallet) => wallet.address.toLowerCase()),
    privateKeys: wallets.map((wallet) => wallet.privateKey),
    pid: child.pid ?? 0,
    stop: () => stop(child),
  };
}
