import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BlockStore } from '../../../../node/adapters/disk/block-store.ts';
import { OriginClient } from '../../../../node/adapters/origin/origin-client.ts';
import { OriginTurns } from '../../../../node/adapters/origin/origin-turns.ts';
import { OriginFill } from '../../../../node/app/content/origin-fill.ts';
import type { DealView } from '../../../../node/core/delivery/deal-directory.ts';
import type { OriginError } from '../../../../node/core/origin/origin-error.ts';
import { contentRootOf, DAG_PB_CODEC } from '../../../../sdk/protocol/content.ts';
import type { ContentOrigin } from '../../../../sdk/protocol/content-origin.ts';
import { parseAddress, parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { OriginServer } from '../../adapters/origin/origin-server.ts';
import { carOf, contentOf, type StoredBlock, type TestContent } from '../../adapters/content-fixture.ts';

export const KIB = 1024;
export const LEAF_BYTES = 64 * KIB;
export const NEVER = new AbortController().signal;
const DEAL_ID = parseDealId(`0x${'ab'.repeat(32)}`);
const ZERO = parseAddress(`0x${'00'.repeat(20)}`);

/** A node's store, and the origin of one deal that it may fill from. */
export class OriginFixture {
  readonly content: TestContent;
  readonly server: OriginServer;
  readonly store: BlockStore;
  readonly fill: OriginFill;
  readonly deal: DealView;
  nowMs = 1_000;
  /** What the publisher has said last. */
  origin: ContentOrigin;
  readonly #directory: string;

  private constructor(parts: {
    content: TestContent;
    server: OriginServer;
    store: BlockStore;
    directory: string;
    origin: Partial<ContentOrigin>;
  }) {
    const { content, server, store } = parts;
    this.content = content;
    this.server = server;
    this.store = store;
    this.#directory = parts.directory;
    this.deal = {
      ...{ dealId: DEAL_ID, publisher: ZERO, state: 'open', grantKey: ZERO },
      ...{ contentRoot: contentRootOf(content.root), contentCodec: content.root.code },
    };
    this.origin = {
      ...{ dealId: DEAL_ID, kind: 'file', url: server.url, bytes: BigInt(server.file.length) },
      ...{ etag: server.etag, lastModified: '', issuedAt: 1n },
      ...parts.origin,
    };
    this.fill = new OriginFill({
      store,
      origins: { of: async () => this.origin },
      client: new OriginClient({ allowPrivate: true }),
      turns: new OriginTurns({ clock: { nowMs: () => this.nowMs }, random: () => 0 }),
    });
  }

  static async open(
    file: Uint8Array,
    options: { origin?: Partial<ContentOrigin>; quotaBytes?: number; leafBytes?: number } = {},
  ): Promise<OriginFixture> {
    const content = await contentOf([{ content: file }], options.leafBytes ?? LEAF_BYTES);
    const server = await new OriginServer(file).start();
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-origin-test-'));
    const store = new BlockStore({ directory, quotaBytes: options.quotaBytes ?? 256 * 1024 * KIB });
    await store.open();
    return new OriginFixture({ content, server, store, directory, origin: options.origin ?? {} });
  }

  async close(): Promise<void> {
    await this.fill.stop();
    await this.server.stop();
    await this.store.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get skeleton(): StoredBlock[] {
    return this.content.blocks.filter(({ cid }) => cid.code === DAG_PB_CODEC);
  }

  get target() {
    return { root: this.deal.contentRoot, codec: this.deal.contentCodec };
  }

  /** What publishing from an origin uploads. */
  async uploadSkeleton(): Promise<boolean> {
    const { root } = this.content;
    const options = { pinFor: DEAL_ID, maxBytes: 1024 * KIB, part: 'skeleton' } as const;
    return (await this.store.importCar(root, carOf(root, this.skeleton), options)).complete;
  }

  leaf(index: number): StoredBlock {
    const leaf = this.content.leaves[index];
    if (leaf === undefined) throw new RangeError(`there is no leaf ${index}`);
    return leaf;
  }

  /** The origin sends nothing from this leaf on until the returned function is called. */
  holdFrom(index: number): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.hold = { fromByte: index * LEAF_BYTES, released: promise };
    return resolve;
  }

  fetch(index: number, signal = NEVER): Promise<boolean> {
    return this.fill.fetch(this.deal, this.leaf(index).cid, signal);
  }

  async isStored(index: number): Promise<boolean> {
    const { cid, bytes } = this.leaf(index);
    const stored = await this.store.get(cid);
    if (stored === undefined) return false;
    if (Buffer.compare(stored, bytes) !== 0)
      throw new RangeError('other bytes are stored than were published');
    return true;
  }

  async refusal(work: Promise<unknown>): Promise<OriginError> {
    try {
      await work;
    } catch (error) {
      return error as OriginError;
    }
    throw new RangeError('nothing was refused');
  }
}
