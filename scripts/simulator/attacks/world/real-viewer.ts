import { CID } from 'multiformats/cid';
import { create as digestOf } from 'multiformats/hashes/digest';

import { BlockExchange } from '../../../../sdk/client/block-exchange.ts';
import type { BlockSource } from '../../../../sdk/client/block-source.ts';
import { STALL_TIMEOUT_MS } from '../../../../sdk/client/client-limits.ts';
import { ClientError } from '../../../../sdk/client/client-error.ts';
import type { Clock } from '../../../../sdk/pacing/clock.ts';
import { FetchReport } from '../../../../sdk/client/fetch-report.ts';
import { GrantAccount } from '../../../../sdk/client/grant-account.ts';
import { GrantBook } from '../../../../sdk/client/grant-book.ts';
import type { HttpExchange } from '../../../../sdk/client/http-exchange.ts';
import { MarketplaceApi } from '../../../../sdk/client/marketplace-api.ts';
import { nodeSha256, sha256 } from '../../../../sdk/client/node-sha256.ts';
import { ReceiptDelivery } from '../../../../sdk/client/receipt-delivery.ts';
import { ViewerSession } from '../../../../sdk/client/viewer-session.ts';
import { epochEndsAt } from '../../../../sdk/protocol/epoch.ts';
import { grantHashOf } from '../../../../sdk/protocol/grant.ts';
import type { SignedGrant } from '../../../../sdk/protocol/grant.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { AttackWorld } from './attack-world.ts';
import type { PlayedDeal } from './played-deal.ts';

const MS = 1000;
const SHA2_256 = 0x12;
const RAW_CODEC = 0x55;

/** The CID under which a raw block is asked for. */
export const cidOf = (block: Uint8Array): CID => CID.createV1(RAW_CODEC, digestOf(SHA2_256, sha256(block)));

/** The marketplace is away: everything must do without it. */
const noHttp: HttpExchange = {
  request: () =>
    Promise.reject(new ClientError('UNREACHABLE', 'There is no network here.', { remedy: 'Ask a node.' })),
  close: () => Promise.resolve(),
};

/** A viewer as the SDK makes it, with one grant at one node. */
export class RealViewer {
  readonly report = new FetchReport();
  readonly #book: GrantBook;
  readonly #delivery: ReceiptDelivery;
  readonly #exchange: BlockExchange;

  constructor(
    world: AttackWorld,
    of: {
      readonly deal: PlayedDeal;
      readonly key: Uint8Array;
      readonly signedGrant: SignedGrant;
      readonly source: BlockSource;
    },
  ) {
    const { chain } = world;
    const { deal, signedGrant, source } = of;
    const clock: Clock = { nowMs: () => chain.timeSeconds * MS, sleep: () => Promise.resolve() };
    const api = new MarketplaceApi({ http: noHttp, clock }, 'http://127.0.0.1:1');
    const { domain, dealId, contentRoot } = deal;
    const identity = { domain, dealId, contentRoot, privateKey: of.key };
    const viewer = new ViewerSession({ api, secp256k1, clock }, identity);
    const sign = viewer.signReceipt.bind(viewer);
    const noOthers = () => Promise.resolve(0);
    const { epochSeconds } = chain.parameters;
    this.#book = new GrantBook({ clock, issue: () => Promise.resolve([]) }, { epochSeconds });
    this.#delivery = new ReceiptDelivery({ api, sign, sourceOf: () => source });
    this.#exchange = new BlockExchange(
      { clock, sha256: nodeSha256, sign, book: this.#book, delivery: this.#delivery, report: this.report },
      { stallTimeoutMs: STALL_TIMEOUT_MS, findSources: noOthers, moreSources: noOthers },
    );
    const { grant } = signedGrant;
    const endsAtMs = epochEndsAt(grant.epoch, epochSeconds) * MS;
    const account = new GrantAccount(grantHashOf(domain, grant), signedGrant, endsAtMs);
    this.#book.add([{ node: grant.node, region: 'eu-west', origin: undefined, endpoints: [], account }]);
    this.#exchange.addSource(grant.node, source);
  }

  /** @throws ClientError NO_SOURCES */
  fetch(cid: CID): Promise<Uint8Array> {
    return this.#exchange.fetch(cid);
  }

  /** Stops and hands the last receipts over. */
  async close(): Promise<void> {
    await this.#exchange.stop();
    await this.#delivery.finish(this.#book.all());
  }
}
