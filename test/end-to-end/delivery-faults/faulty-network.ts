import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { noise } from '../../../scripts/fuzz-gateway/fuzzed-content.ts';
import type { Child } from '../../../scripts/devnet/child-processes.ts';
import { SmallNetwork, type SmallEdge } from '../../../scripts/kills/small-network.ts';
import type { Publication } from '../../../sdk/publish/publish.ts';
import { FaultProxy, type Fault } from './fault-proxy.ts';
import { failedSchema, fetchedSchema, type Failed, type Fetched } from './viewer-messages.ts';

const VIEWER = join(import.meta.dirname, 'viewer-process.ts');
const MIB = 1024 * 1024;
const DISK_BYTES = 256 * MIB;
/** No epoch ends meanwhile. */
const EPOCH_SECONDS = 3_600;
const ASK_WEI_PER_GIB = 1024n ** 3n;
/** Of silence, after which a viewer drops a node: the default of 8 s would make every test as long. */
const STALL_TIMEOUT_MS = 2_000;
const VIEWER_TIMEOUT_MS = 90_000;

/** A viewer under way. */
export class Viewer {
  readonly path: string;
  readonly child: Child;

  constructor(path: string, child: Child) {
    this.path = path;
    this.child = child;
  }

  /** Until so much is written. @returns the bytes written by then */
  async wrote(bytes: number): Promise<number> {
    const enough = (message: Readonly<Record<string, unknown>>): boolean =>
      message['event'] === 'progress' && Number(message['bytes']) >= bytes;
    const options = { what: `at ${bytes} bytes`, timeoutMs: VIEWER_TIMEOUT_MS };
    return Number((await this.child.matching(enough, options))['bytes']);
  }

  /** @throws RangeError with what the viewer said, if it could not */
  async fetched(): Promise<Fetched> {
    const message = await this.#ended();
    const fetched = fetchedSchema.safeParse(message);
    if (fetched.success) return fetched.data;
    throw new RangeError(`the fetch failed: ${JSON.stringify(message)}`);
  }

  async failed(): Promise<Failed> {
    return failedSchema.parse(await this.#ended());
  }

  async #ended(): Promise<Readonly<Record<string, unknown>>> {
    const ends = ({ event }: Readonly<Record<string, unknown>>): boolean =>
      event === 'done' || event === 'failed';
    return this.child.matching(ends, { what: 'ready', timeoutMs: VIEWER_TIMEOUT_MS });
  }
}

/** Real edges behind proxies that make faults, a chain and a marketplace, and a file that all edges hold. */
export class FaultyNetwork {
  readonly network: SmallNetwork;
  readonly folder: string;
  readonly content: Buffer;
  readonly #proxies = new Map<SmallEdge, FaultProxy>();
  #publication: Publication | undefined;
  #viewers = 0;

  static async start(
    edges: number,
    file: { readonly bytes: number; readonly seed: number },
  ): Promise<FaultyNetwork> {
    const folder = await mkdtemp(join(tmpdir(), 'bcdn-faults-'));
    const started = new FaultyNetwork(folder, edges, noise(file.bytes, file.seed));
    try {
      await started.network.start((edge) => started.#flagsOf(edge));
      started.#publication = await started.network.publish(started.content);
      return started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  private constructor(folder: string, edges: number, content: Buffer) {
    this.folder = folder;
    this.content = content;
    this.network = new SmallNetwork({
      ...{ folder, edges, epochSeconds: EPOCH_SECONDS, askWeiPerGiB: ASK_WEI_PER_GIB },
      diskBytes: DISK_BYTES,
    });
  }

  /** The edge of this number, from 0 on. */
  edge(index: number): SmallEdge {
    const edge = this.network.edges[index];
    if (edge === undefined) throw new RangeError(`there is no edge ${index}`);
    return edge;
  }

  operator(index: number): string {
    return this.edge(index).node.operator;
  }

  /** One fault for each edge, from the first on; the others are as they should be. */
  async faults(...faults: readonly Fault[]): Promise<void> {
    const proxies = this.network.edges.map((edge) => this.#proxies.get(edge));
    await Promise.all(proxies.map(async (proxy, i) => proxy?.set(faults[i] ?? { kind: 'none' })));
  }

  /** Starts an edge again that was killed. */
  async revive(index: number): Promise<void> {
    const edge = this.edge(index);
    await edge.start(await this.#flagsOf(edge));
  }

  /** Starts a viewer; `name` is that of a file to resume. */
  view(
    options: { readonly folder?: string; readonly name?: string; readonly fileLimitBytes?: number } = {},
  ): Viewer {
    this.#viewers += 1;
    const name = options.name ?? `film-${this.#viewers}`;
    const path = join(options.folder ?? this.folder, name);
    const cid = this.#publication?.cid.toString() ?? '';
    const argv = [VIEWER, cid, this.network.marketplaceUrl, path, String(STALL_TIMEOUT_MS)];
    const limit = options.fileLimitBytes;
    if (limit !== undefined) argv.push(String(limit));
    return new Viewer(path, this.network.processes.start({ name: `viewer-${this.#viewers}`, argv }));
  }

  /** Whether the file is there and is what was published, to the last byte. */
  async isExact({ path }: Viewer): Promise<boolean> {
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    return digest(await readFile(path)) === digest(this.content);
  }

  /** Names of what a viewer left, without the part of the name that all share. */
  async left({ path }: Viewer): Promise<readonly string[]> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const names = await readdir(path.slice(0, path.lastIndexOf('/')));
    return names
      .filter((left) => left.startsWith(name))
      .map((left) => left.slice(name.length))
      .sort();
  }

  async stop(): Promise<void> {
    await this.network.stop();
    await Promise.all([...this.#proxies.values()].map(async (proxy) => proxy.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }

  async #flagsOf(edge: SmallEdge): Promise<readonly string[]> {
    let proxy = this.#proxies.get(edge);
    if (proxy === undefined) {
      proxy = await FaultProxy.start(proxyHost(edge.host), edge);
      this.#proxies.set(edge, proxy);
    }
    return ['--announce-host', proxy.host];
  }
}

/** Another loopback address for each edge. */
function proxyHost(host: string): string {
  const [a = '', b = '', c = '', d = ''] = host.split('.');
  return [a, b, c, String(Number(d) === 254 ? 1 : Number(d) + 1)].join('.');
}
