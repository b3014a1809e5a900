import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { encryptKeystoreJson, Wallet } from 'ethers';
import { z } from 'zod';

import { SmallNetwork } from '../../kills/small-network.ts';
import { PackageError } from '../package-error.ts';
import { runCommand } from './run-command.ts';

const EDGES = 2;
/** Worker processes of each edge. */
const WORKERS = 2;
const EPOCH_SECONDS = 2;
const ASK_WEI_PER_GIB = 10n ** 16n;
const CONTENT_BYTES = 3 * 1024 * 1024 + 17;
/** The cheapest that there is: how slow a keystore is to open is not what is looked at. */
const SCRYPT = { N: 2, r: 1, p: 1 };

/** Receipts are with the marketplace a moment after their epoch; a busy machine is slow. */
const MAX_AUDITS = 60;
const AUDIT_PAUSE_MS = 500;

const publishedSchema = z.object({ cid: z.string(), dealId: z.string() });
const auditSchema = z.object({ receipts: z.object({ counted: z.number() }) });
const deskSchema = z.object({ url: z.string() });
const statusSchema = z.object({ workers: z.object({ serving: z.number() }) });

/** What was seen. */
export interface PackageDelivery {
  readonly edges: number;
  readonly bytes: number;
  /** Worker processes that serve, of all edges. */
  readonly workers: number;
  /** Receipts that a thread verified. */
  readonly receipts: number;
  /** Addresses of the pages that answered: the marketplace's, the player's script, each operator's desk. */
  readonly pages: readonly string[];
}

/**
 * Lets a package do its work: its marketplace, its edges with worker processes, its commands to publish, fetch and audit
 * (in a thread). The chain is that of the checkout.
 * @param folder of the package, as npm installs it
 * @param workspace an empty folder
 * @throws PackageError PROGRAM_FAILED, CHECK_FAILED; DevnetError
 */
export async function deliverByPackage(folder: string, workspace: string): Promise<PackageDelivery> {
  const programs = {
    node: join(folder, 'node/cli/bcdn-node.mjs'),
    marketplace: join(folder, 'marketplace/bcdn-marketplace.mjs'),
  };
  const network = new SmallNetwork({
    ...{
      folder: workspace,
      edges: EDGES,
      epochSeconds: EPOCH_SECONDS,
      askWeiPerGiB: ASK_WEI_PER_GIB,
      programs,
    },
  });
  try {
    await network.start(['--workers', String(WORKERS)]);
    const publisher = await Publisher.create(folder, workspace, network);
    const published = publishedSchema.parse(await publisher.publish());
    await publisher.fetch(published.cid);
    return {
      edges: EDGES,
      bytes: CONTENT_BYTES,
      workers: await servingWorkers(network),
      receipts: await publisher.audit(published.dealId),
      pages: await answeringPages(network),
    };
  } finally {
    await network.stop();
  }
}

/** A publisher, who is a viewer as well, with the package's `bcdn`. */
class Publisher {
  readonly #program: string;
  readonly #workspace: string;
  readonly #network: SmallNetwork;

  private constructor(program: string, workspace: string, network: SmallNetwork) {
    this.#program = program;
    this.#workspace = workspace;
    this.#network = network;
  }

  static async create(folder: string, workspace: string, network: SmallNetwork): Promise<Publisher> {
    const { privateKey, address } = new Wallet(network.publisherKey);
    const keystore = await encryptKeystoreJson({ address, privateKey }, 'password', { scrypt: SCRYPT });
    await mkdir(join(workspace, 'state'));
    await writeFile(join(workspace, 'publisher.json'), keystore);
    await writeFile(join(workspace, 'publisher-password'), 'password\n');
    await writeFile(join(workspace, 'content'), randomBytes(CONTENT_BYTES));
    return new Publisher(join(folder, 'sdk/cli/bcdn.mjs'), workspace, network);
  }

  publish(): Promise<unknown> {
    const flags = ['--rpc', this.#network.rpcUrl, '--replicas', String(EDGES), '--yes'];
    return this.#run('publish', this.#file('content'), ...flags, ...this.#key);
  }

  /** @throws PackageError CHECK_FAILED if it is not what was published */
  async fetch(cid: string): Promise<void> {
    await this.#run('fetch', cid, '--out', this.#file('copy'));
    const [sent, got] = await Promise.all(['content', 'copy'].map((name) => readFile(this.#file(name))));
    if (sent !== undefined && got !== undefined && sent.equals(got)) return;
    throw new PackageError('CHECK_FAILED', 'What was fetched differs from what was published.', { cid });
  }

  /** Recomputes the bill in a thread, once there are receipts. @returns how many count */
  async audit(dealId: string): Promise<number> {
    for (let number = 0; number < MAX_AUDITS; number++) {
      const out = this.#file(`${number}.audit`);
      await this.#run('audit', 'download', '--deal', dealId, '--out', out, ...this.#key);
      const command = [process.execPath, this.#program, 'audit', out, '--workers', '1', '--json'] as const;
      const { receipts } = auditSchema.parse(JSON.parse(await runCommand(command)));
      if (receipts.counted > 0) return receipts.counted;
      await pause(AUDIT_PAUSE_MS);
    }
    throw new PackageError('CHECK_FAILED', 'No receipt reached the marketplace.', { dealId });
  }

  get #key(): readonly string[] {
    return ['--keystore', this.#file('publisher.json'), '--password-file', this.#file('publisher-password')];
  }

  #file(name: string): string {
    return join(this.#workspace, name);
  }

  async #run(...args: readonly string[]): Promise<unknown> {
    const marketplace = ['--marketplace', this.#network.marketplaceUrl, '--json'];
    const environment = { XDG_CONFIG_HOME: '/nonexistent', XDG_STATE_HOME: this.#file('state') };
    return JSON.parse(
      await runCommand([process.execPath, this.#program, ...args, ...marketplace], { environment }),
    );
  }
}

async function servingWorkers(network: SmallNetwork): Promise<number> {
  const statuses = await Promise.all(network.edges.map(({ node }) => node.command('status')));
  return statuses.reduce((sum, status) => sum + statusSchema.parse(status).workers.serving, 0);
}

/** @throws PackageError CHECK_FAILED if one does not answer as it should */
async function answeringPages(network: SmallNetwork): Promise<readonly string[]> {
  const desks = await Promise.all(network.edges.map(({ node }) => node.command('dashboard')));
  const pages = [network.marketplaceUrl, ...desks.map((desk) => deskSchema.parse(desk).url)];
  for (const page of pages) await requireAnswer(page, '<!doctype html>');
  const script = new URL('/player/embed.js', network.marketplaceUrl).href;
  await requireAnswer(script, 'bcdn-player');
  return [...pages, script];
}

async function requireAnswer(url: string, content: string): Promise<void> {
  const answer = await fetch(url);
  if ((await answer.text()).includes(content) && answer.ok) return;
  throw new PackageError('CHECK_FAILED', `${url} does not answer with ${content}.`, {
    url,
    status: answer.status,
  });
}
