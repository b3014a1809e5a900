import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash } from 'node:crypto';

import type { CID } from 'multiformats/cid';

import { carOf, contentOf, importStream, patternBytes, type TestContent } from '../content-fixture.ts';
import { base64UrlEncode } from '../../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import { encodeSignedGrant, grantDigest, grantHashOf, type Grant } from '../../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseDealId,
  parseEpoch,
  type Address,
  type DealId,
  type GrantHash,
} from '../../../../sdk/protocol/identifiers.ts';
import { encodeSignedUpload, uploadDigest, type Upload } from '../../../../sdk/protocol/authorisation.ts';
import { receiptDigest, type SignedReceipt, encodeSignedReceipt } from '../../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import { BlockStore } from '../../../../node/adapters/disk/block-store.ts';
import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import {
  localDeliveryDesk,
  type LocalDeskComponents,
  type LocalDeskOptions,
} from '../../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { createGateway, type Gateway } from '../../../../node/adapters/http/gateway.ts';
import type { GatewayComponents, GatewayOptions } from '../../../../node/adapters/http/gateway-components.ts';
import { createGatewayMetrics } from '../../../../node/adapters/http/gateway-metrics.ts';
import type { BlockReader } from '../../../../node/core/storage/block-ports.ts';
import type { AllocationView, DealView } from '../../../../node/core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../../../../node/core/delivery/delivery-ledger.ts';

const keyOf = (seed: string): Uint8Array => hash('sha256', seed, 'buffer');

export const keys = {
  grant: keyOf('grant key'),
  viewer: keyOf('viewer key'),
  publisher: keyOf('publisher key'),
  stranger: keyOf('stranger key'),
};
export const NODE = parseAddress(`0x${'11'.repeat(20)}`);
export const DEAL_ID = parseDealId(`0x${'d1'.repeat(32)}`);
export const DOMAIN = { chainId: 31337n, verifyingContract: parseAddress(`0x${'aa'.repeat(20)}`) };
/** Blocks of a streamed import that are written at once. */
const MAX_IMPORT_WRITES = 8;
export const EPOCH_SECONDS = 3600;
export const EPOCH = parseEpoch(500_000);
/** One GiB costs 2³⁰ wei here: a byte is a wei. */
export const RATE_PER_GIB = 1n << 30n;

export const addressOf = (key: Uint8Array): Address => nativeSecp256k1.addressOf(key);

type LogValues = Readonly<Record<string, unknown>>;

/** A gateway on real files and a real port, with the chain replaced by two objects that tests may change. */
export class GatewayFixture {
  readonly directory: string;
  readonly store: BlockStore;
  readonly journal: ReceiptJournal;
  readonly ledger: DeliveryLedger;
  readonly content: TestContent;
  deal: DealView | undefined;
  allocation: AllocationView | undefined;
  nowMs = (EPOCH * EPOCH_SECONDS + 10) * 1000;
  readonly logged: { message: string; values: Readonly<Record<string, unknown>> }[] = [];
  origin = '';
  #gateway: Gateway | undefined;
  #components: GatewayComponents | undefined;

  private constructor(directory: string, content: TestContent, quotaBytes: number) {
    this.directory = directory;
    this.content = content;
    this.store = new BlockStore({ directory: join(directory, 'store'), quotaBytes });
    this.journal = new ReceiptJournal({ path: join(directory, 'receipts.journal'), maxDelayMs: 5 });
    this.ledger = new DeliveryLedger({ node: NODE, epochSeconds: EPOCH_SECONDS, claimWindowEpochs: 1 });
    this.deal = {
      dealId: DEAL_ID,
      publisher: addressOf(keys.publisher),
      contentRoot: contentRootOf(content.root),
      contentCodec: content.root.code,
      state: 'open',
      grantKey: addressOf(keys.grant),
    };
    this.allocation = {
      state: 'active',
      balanceWei: 1n << 40n,
      ratePerGiB: RATE_PER_GIB,
      throughEpoch: parseEpoch(EPOCH - 1),
    };
  }

  static async start(
    overrides: {
      content?: TestContent;
      options?: GatewayOptions & LocalDeskOptions;
      /** Changes what the desk stands on. */
      desk?: Partial<Pick<LocalDeskComponents, 'journal' | 'deals'>>;
      components?: Partial<GatewayComponents>;
      empty?: boolean;
      quotaBytes?: number;
      /** A directory that another fixture was detached from. */
      directory?: string;
      /** What stands between the gateway and its blocks. */
      decorate?: (reader: BlockReader) => BlockReader;
    } = {},
  ): Promise<GatewayFixture> {
    const directory = overrides.directory ?? (await mkdtemp(join(tmpdir(), 'bcdn-gateway-')));
    const content = overrides.content ?? (await contentOf([{ content: patternBytes(300_000) }]));
    const fixture = new GatewayFixture(directory, content, overrides.quotaBytes ?? 1 << 30);
    await fixture.store.open();
    await fixture.journal.open();
    if (overrides.empty !== true) await fixture.importContent(content);
    const deals = {
      deal: async (id: DealId) => (id === DEAL_ID ? fixture.deal : undefined),
      allocation: async () => fixture.allocation,
    };
    const shared = {
      domain: DOMAIN,
      secp256k1: nativeSecp256k1,
      clock: { nowMs: () => fixture.nowMs },
      metrics: createGatewayMetrics(),
      log: {
        warn: (values: LogValues, message: string) => fixture.logged.push({ values, message }),
        error: (values: LogValues, message: string) => fixture.logged.push({ values, message }),
      },
      journal: fixture.journal,
      deals,
      ...overrides.desk,
    };
    const components: GatewayComponents = {
      ...shared,
      node: NODE,
      blocks: overrides.decorate?.(fixture.store) ?? fixture.store,
      contents: fixture.store,
      desk: localDeliveryDesk({ ...shared, ledger: fixture.ledger }, overrides.options).desk,
      readiness: () => [],
      status: async () => ({ node: NODE }),
      ...overrides.components,
    };
    fixture.#components = components;
    fixture.#gateway = createGateway(components, { ...overrides.options });
    const { port } = await fixture.#gateway.start();
    fixture.origin = `http://127.0.0.1:${port}`;
    return fixture;
  }

  get components(): GatewayComponents {
    if (this.#components === undefined) throw new RangeError('the fixture was not started');
    return this.#components;
  }

  async importContent(content: TestContent): Promise<void> {
    const maxBytes = content.blocks.reduce((sum, { bytes }) => sum + bytes.length + 100, 1000);
    await this.store.importCar(content.root, carOf(content.root, content.blocks), {
      maxBytes,
      pinFor: DEAL_ID,
    });
  }

  /** Imports a file of any size without holding it: every block goes to the store as it is made. */
  async importStreamed(source: AsyncIterable<Uint8Array>, chunkBytes: number): Promise<CID> {
    const target = { root: contentRootOf(this.content.root), codec: this.content.root.code };
    let root = this.content.root;
    const writes = new Set<Promise<void>>();
    const put = async (cid: CID, bytes: Uint8Array): Promise<void> => {
      const write = this.store.put(target, cid, bytes).finally(() => writes.delete(write));
      writes.add(write);
      if (writes.size >= MAX_IMPORT_WRITES) await Promise.race(writes);
    };
    for await (const entry of importStream(source, chunkBytes, put)) root = entry;
    await Promise.all(writes);
    return root;
  }

  /** Stops and leaves the files where they are. */
  async detach(): Promise<void> {
    await this.#gateway?.stop(100);
    await this.journal.close();
    await this.store.close();
  }

  async stop(): Promise<void> {
    await this.detach();
    await rm(this.directory, { recursive: true, force: true });
  }

  grant(changes: Partial<Grant> = {}): Grant {
    return {
      dealId: DEAL_ID,
      node: NODE,
      viewerKey: addressOf(keys.viewer),
      epoch: EPOCH,
      capBytes: 100_000_000n,
      contentRoot: contentRootOf(this.content.root),
      ...changes,
    };
  }
}

export function grantHeader(grant: Grant, key = keys.grant): string {
  const signature = nativeSecp256k1.sign(grantDigest(DOMAIN, grant), key);
  return base64UrlEncode(encodeSignedGrant({ grant, signature }));
}

export function hashOfGrant(grant: Grant): GrantHash {
  return grantHashOf(DOMAIN, grant);
}

export function signedReceipt(grant: Grant, bytes: number | bigint, key = keys.viewer): SignedReceipt {
  const receipt = { grantHash: hashOfGrant(grant), bytesCumulative: BigInt(bytes) };
  return { receipt, signature: nativeSecp256k1.sign(receiptDigest(DOMAIN, receipt), key) };
}

export function receiptHeader(grant: Grant, bytes: number | bigint, key = keys.viewer): string {
  return base64UrlEncode(encodeSignedReceipt(signedReceipt(grant, bytes, key)));
}

export function uploadHeader(upload: Upload, key = keys.publisher): string {
  const signature = nativeSecp256k1.sign(uploadDigest(DOMAIN, upload), key);
  return base64UrlEncode(encodeSignedUpload({ upload, signature }));
}
