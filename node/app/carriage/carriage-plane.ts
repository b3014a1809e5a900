import type { CID } from 'multiformats/cid';

import { readDeal } from '../../../sdk/chain/deals.ts';
import { peerPoolOf } from '../../../sdk/chain/peer-pool.ts';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { cidOfContentRoot } from '../../../sdk/protocol/content.ts';
import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { DeliveryAccounts } from '../../adapters/delivery-desk/delivery-accounts.ts';
import type { ContentStore } from '../../adapters/http/gateway-components.ts';
import { CarriageStore } from '../../adapters/disk/carriage-store.ts';
import { CarriageLedger } from '../../core/carriage/carriage-ledger.ts';
import { TransitBuffer } from '../../core/carriage/transit-buffer.ts';
import type { DealDirectory } from '../../core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../../core/delivery/delivery-ledger.ts';
import type { BlockReader } from '../../core/storage/block-ports.ts';
import { FetchSessions } from '../fetch-sessions.ts';
import type { Foundation } from '../foundation.ts';
import type { NotedTerms } from '../settlement/settlement-notes.ts';
import { CarriageAccounts } from './carriage-accounts.ts';
import { CarriageDeals } from './carriage-deals.ts';
import { CarryingAccounts } from './carrying-accounts.ts';
import { lentBlocks } from './lent-blocks.ts';

/** A session of a carried content is kept so long without a request: what it was granted would be lost with it. */
const IDLE_SESSION_MS = 30_000;

/** What was and is carried. Bytes. */
export interface CarriageFigures {
  /** Share of the upload cap that is lent, percent. */
  readonly sharePercent: number;
  /** Left for other domains under all grants that are remembered and all since the node started. */
  readonly carriedBytes: number;
  /** In memory on their way through. */
  readonly transitBytes: number;
  /** Grants that are remembered. */
  readonly grants: number;
  readonly deals: number;
}

/** What an edge does that lends its uplink between domains (node/core/carriage/SPEC.md). */
export interface CarriagePlane {
  /** Accounts in which carriage grants are good beside those of the node itself. */
  accounts(own: DeliveryAccounts): DeliveryAccounts;
  /** What is stored, and behind it what is in transit, at the share of the uplink that is lent. */
  reader(stored: BlockReader): BlockReader;
  /** Blocks in transit are part of the content that they are carried for. */
  contents(stored: ContentStore): ContentStore;
  /** Fetches a missing block of a content that is being carried; of any other nothing happens. */
  fill(cid: CID, contentRoot: ContentRoot | undefined, signal: AbortSignal): Promise<void>;
  figures(): CarriageFigures;
  stop(): Promise<void>;
}

export interface CarriageOptions {
  readonly terms: NotedTerms;
  readonly signal: AbortSignal;
  /** Marks deals whose content was taken down. @default none is */
  readonly notices?: { dealsOf(deals: DealDirectory): DealDirectory } | undefined;
}

/** Opens what was carried before; asks nobody yet. @throws StorageError STORE_VERSION_UNKNOWN */
export function openCarriage(foundation: Foundation, options: CarriageOptions): CarriagePlane {
  return new UplinkLending(foundation, options);
}

class UplinkLending implements CarriagePlane {
  readonly #foundation: Foundation;
  readonly #signal: AbortSignal;
  readonly #store: CarriageStore;
  readonly #ledger = new CarriageLedger();
  readonly #transit = new TransitBuffer();
  readonly #accounts: CarriageAccounts;
  readonly #sessions: FetchSessions;

  constructor(foundation: Foundation, { terms, signal, notices }: CarriageOptions) {
    const { config, provider, chainClock: clock, keys, log, node } = foundation;
    const { settings, deployment, dataDir } = config;
    this.#foundation = foundation;
    this.#signal = signal;
    this.#store = CarriageStore.open(dataDir.carriage);
    this.#ledger.restore(this.#store.grants());
    const deals = new CarriageDeals(
      {
        clock,
        chain: {
          deal: (dealId) => readDeal(provider, deployment, dealId),
          pool: (dealId) => peerPoolOf(provider, deployment, dealId),
        },
      },
      terms,
    );
    this.#accounts = new CarriageAccounts(
      {
        ...{ deals: notices?.dealsOf(deals) ?? deals, clock, log, ledger: this.#ledger, record: this.#store },
        credit: new DeliveryLedger({ node, ...terms }),
      },
      terms,
    );
    const { marketplaceUrl, region, domain: domainLabel } = settings;
    const viewerKey = hexToBytes(keys.operator.privateKey, 32);
    this.#sessions = new FetchSessions(
      { log },
      {
        ...{ marketplaceUrl, region, viewerKey, idleMs: IDLE_SESSION_MS },
        ...(domainLabel !== '' && { domainLabel }),
      },
    );
  }

  accounts(own: DeliveryAccounts): DeliveryAccounts {
    const { directory, node } = this.#foundation;
    const allocated = async (dealId: Parameters<typeof directory.allocation>[0]): Promise<boolean> =>
      (await directory.allocation(dealId)) !== undefined;
    return new CarryingAccounts({ own, carriage: this.#accounts, allocated }, { node });
  }

  reader(stored: BlockReader): BlockReader {
    const { clock, config } = this.#foundation;
    const { uploadCap, carriage } = config.settings;
    return lentBlocks(stored, this.#transit, {
      ...{ clock, signal: this.#signal, bytesPerSecond: uploadCap, sharePercent: carriage },
    });
  }

  contents(stored: ContentStore): ContentStore {
    return {
      importCar: (root, stream, options) => stored.importCar(root, stream, options),
      takeSlice: (slice) => stored.takeSlice(slice),
      uploadState: (root, limit) => stored.uploadState(root, limit),
      contains: (root, cid) => stored.contains(root, cid) || this.#transit.contains(root, cid.toString()),
      isComplete: (root) => stored.isComplete(root),
      tag: (target, tags) => stored.tag(target, tags),
    };
  }

  async fill(cid: CID, contentRoot: ContentRoot | undefined, signal: AbortSignal): Promise<void> {
    const content = contentRoot === undefined ? undefined : this.#accounts.carried(contentRoot);
    if (content === undefined || this.#transit.contains(content.contentRoot, cid.toString())) return;
    const { dealId, contentCodec } = content;
    const root = cidOfContentRoot(content.contentRoot, contentCodec);
    await this.#sessions.fetchBlock({ root, dealId }, cid, signal, (block) =>
      this.#transit.put(content.contentRoot, cid.toString(), block),
    );
  }

  figures(): CarriageFigures {
    const { carriedBytes, grants, deals } = this.#ledger;
    const sharePercent = this.#foundation.config.settings.carriage;
    return { sharePercent, carriedBytes, transitBytes: this.#transit.bytes, grants, deals: deals.size };
  }

  async stop(): Promise<void> {
    await this.#sessions.stop();
    this.#store.close();
  }
}
