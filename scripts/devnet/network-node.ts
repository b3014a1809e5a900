import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseAddress, type Address } from '../../sdk/protocol/identifiers.ts';
import type { Child, ChildProcesses, Message } from './child-processes.ts';
import { DevnetError } from './devnet-error.ts';
import type { PlannedNode } from './network-plan.ts';

const ROOT = join(import.meta.dirname, '../..');
const NODE_PROGRAM = join(ROOT, 'node/cli/main.ts');
const HOSTILE_PROGRAM = join(import.meta.dirname, 'hostile-node.ts');

/** What all nodes of the network share. */
export interface NodeSurroundings {
  readonly folder: string;
  readonly rpcUrl: string;
  readonly deploymentFile: string;
  readonly marketplaceUrl: string;
  readonly stakeWei: bigint;
  readonly diskBytes: number;
  /** What is run as `bcdn-node`. @default the sources of this checkout */
  readonly program?: string | undefined;
}

/** Who runs a node: the account that signs, and where `withdraw` sends its earnings. */
export interface NodeAccount {
  readonly privateKey: string;
  readonly payout: string;
}

/** One `bcdn-node` of the development network: its files, and its process while it runs. */
export class NetworkNode {
  readonly plan: PlannedNode;
  readonly operator: Address;
  readonly #processes: ChildProcesses;
  readonly #dataDir: string;
  readonly #passwordFile: string;
  readonly #program: string;
  #child: Child | undefined;
  #ready: Message | undefined;

  private constructor(
    plan: PlannedNode,
    operator: Address,
    processes: ChildProcesses,
    files: { readonly dataDir: string; readonly program: string },
  ) {
    this.plan = plan;
    this.operator = operator;
    this.#processes = processes;
    this.#dataDir = files.dataDir;
    this.#passwordFile = join(files.dataDir, '..', 'password');
    this.#program = files.program;
  }

  /** Runs `bcdn-node init` for the node. @throws DevnetError PROCESS_FAILED */
  static async create(
    plan: PlannedNode,
    account: NodeAccount,
    surroundings: NodeSurroundings,
    processes: ChildProcesses,
  ): Promise<NetworkNode> {
    const folder = join(surroundings.folder, plan.name);
    const dataDir = join(folder, 'data');
    const program = surroundings.program ?? NODE_PROGRAM;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'password'), `password of ${plan.name}\n`, { mode: 0o600 });
    await writeFile(join(folder, 'key'), account.privateKey, { mode: 0o600 });
    const printed = await processes.run({
      name: `${plan.name}-init`,
      argv: [
        program,
        'init',
        ...['--data-dir', dataDir, '--role', plan.role, '--region', plan.region],
        // Nine nodes share this machine, and its page cache holds their blocks anyway.
        ...['--memory-cache', '16MiB'],
        // Everything of this network is on this machine, origins too.
        ...['--allow-private-origins', 'yes'],
        ...['--disk', String(surroundings.diskBytes), '--rpc-url', surroundings.rpcUrl],
        ...['--deployment', surroundings.deploymentFile, '--marketplace-url', surroundings.marketplaceUrl],
        ...['--ask-wei-per-gib', String(plan.askWeiPerGiB)],
        ...['--stake-wei', String(plan.role === 'edge' ? surroundings.stakeWei : 0n)],
        ...['--password-file', join(folder, 'password'), '--private-key-file', join(folder, 'key')],
        ...['--payout', account.payout, '--json'],
      ],
    });
    return new NetworkNode(plan, operatorOf(printed, plan.name), processes, { dataDir, program });
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Base URL of the gateway. @throws DevnetError PROCESS_OUTPUT_INVALID before the node is ready */
  get httpUrl(): string {
    return text(this.#ready, 'httpUrl', this.plan.name);
  }

  /**
   * Starts the process and waits until it serves.
   *
   * @param flags settings for this run only
   * @throws DevnetError PROCESS_FAILED, PROCESS_TIMEOUT
   */
  async start(flags: readonly string[] = []): Promise<void> {
    this.#child = this.#processes.start({
      name: this.plan.name,
      argv: [
        this.plan.hostile ? HOSTILE_PROGRAM : this.#program,
        ...(this.plan.hostile ? [] : ['start']),
        ...['--data-dir', this.#dataDir, '--password-file', this.#passwordFile],
        ...flags,
        '--json',
      ],
    });
    this.#ready = await this.#child.message('ready');
  }

  /** Runs one of the operator's commands, such as `earnings`, and returns what it printed. */
  async command(name: string, ...flags: string[]): Promise<Message> {
    const document = await this.#processes.run({
      name: `${this.plan.name}-${name}`,
      argv: [this.#program, name, '--data-dir', this.#dataDir, ...flags, '--json'],
    });
    return message(document, this.plan.name);
  }

  /** Ends the process as a power cut would: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** From now on every block that this node serves is wrong. Only for a hostile node. */
  corrupt(): void {
    this.#child?.signal('SIGUSR2');
  }
}

function operatorOf(printed: unknown, name: string): Address {
  return parseAddress(text(message(printed, name), 'operator', name));
}

function message(document: unknown, name: string): Message {
  if (typeof document === 'object' && document !== null) return document as Message;
  throw new DevnetError('PROCESS_OUTPUT_INVALID', `${name} printed no JSON object.`, { name });
}

function text(from: Message | undefined, field: string, name: string): string {
  const value = from?.[field];
  if (typeof value === 'string') return value;
  throw new DevnetError('PROCESS_OUTPUT_INVALID', `${name} did not say its ${field}.`, { name, field });
}
