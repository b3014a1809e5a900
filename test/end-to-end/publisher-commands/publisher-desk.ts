import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { encryptKeystoreJson, Wallet } from 'ethers';

import { noise } from '../../../scripts/fuzz-gateway/fuzzed-content.ts';
import { SmallNetwork, type EdgeFlags } from '../../../scripts/kills/small-network.ts';
import { readChainTime } from '../../../sdk/chain/deals.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { bcdn, killedAt, type CommandResult } from '../../sdk/cli/bcdn-process.ts';

const MIB = 1024 * 1024;
const EDGES = 2;
const EPOCH_SECONDS = 2;
const ASK_WEI_PER_GIB = 10n ** 16n;
const POLL_MS = 250;
const DISK_BYTES = 256 * MIB;

/** How the network of a desk differs from the usual one. */
export interface DeskOptions {
  /** Basis points. @default none */
  readonly protocolFeeBps?: number;
  /** Settings of the edges. @default none */
  readonly edgeFlags?: EdgeFlags;
}

/** A document of a command with `--json`. */
export interface Document {
  readonly schema: string;
  readonly error?: {
    readonly code: string;
    readonly remedy: string;
    readonly values: Record<string, unknown>;
  };
  readonly [field: string]: unknown;
}

/** A publisher before a terminal: a keystore, a configuration file by XDG, and a network of real processes. */
export class PublisherDesk {
  readonly network: SmallNetwork;
  /** Length of an epoch. */
  readonly epochSeconds = EPOCH_SECONDS;
  readonly folder: string;
  readonly address: Address;
  /** Where `bcdn` finds its configuration and keeps its state. */
  readonly environment: Readonly<Record<string, string>>;

  static async open({ protocolFeeBps = 0, edgeFlags = [] }: DeskOptions = {}): Promise<PublisherDesk> {
    const folder = await mkdtemp(join(tmpdir(), 'bcdn-publisher-'));
    const network = new SmallNetwork({
      ...{ folder, edges: EDGES, epochSeconds: EPOCH_SECONDS, protocolFeeBps },
      ...{ askWeiPerGiB: ASK_WEI_PER_GIB, diskBytes: DISK_BYTES },
    });
    try {
      await network.start(edgeFlags);
      const { privateKey, address } = new Wallet(network.publisherKey);
      const keystore = join(folder, 'publisher.json');
      // The cheapest parameters: how slow a keystore is to open is not what is tested here.
      const scrypt = { N: 2, r: 1, p: 1 };
      await writeFile(keystore, await encryptKeystoreJson({ address, privateKey }, 'right', { scrypt }));
      await writeFile(join(folder, 'password'), 'right\n');
      await mkdir(join(folder, 'config', 'bcdn'), { recursive: true });
      const config = {
        ...{ marketplace: network.marketplaceUrl, rpc: network.rpcUrl, replicas: EDGES },
        ...{ keystore, passwordFile: join(folder, 'password') },
      };
      await writeFile(join(folder, 'config', 'bcdn', 'config.json'), JSON.stringify(config));
      return new PublisherDesk(network, folder, parseAddress(address));
    } catch (error) {
      await network.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(network: SmallNetwork, folder: string, address: Address) {
    this.network = network;
    this.folder = folder;
    this.address = address;
    this.environment = {
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_STATE_HOME: join(folder, 'state'),
      BCDN_CONFIG: '',
    };
  }

  /** Writes a file of its own bytes. */
  async file(name: string, bytes: number): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, noise(bytes, name.length + bytes));
    return path;
  }

  run(...args: readonly string[]): Promise<CommandResult> {
    return bcdn(args, this.environment);
  }

  /** Runs a command with --json that has to succeed. */
  async document(...args: readonly string[]): Promise<Document> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    if (code !== 0) throw new TypeError(`bcdn ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as Document;
  }

  killedAt(said: string, ...args: readonly string[]): Promise<boolean> {
    return killedAt(said, args, this.environment);
  }

  /** Waits until the chain's own clock, which follows that of the machine, shows this time. */
  async until(seconds: number): Promise<void> {
    while ((await readChainTime(this.network.provider)) < seconds) await pause(POLL_MS);
  }

  tokens(): Promise<bigint> {
    return readTokenBalance(this.network.provider, this.network.deployment, this.address);
  }

  async close(): Promise<void> {
    await this.network.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
