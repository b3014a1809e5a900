import type { CID } from 'multiformats/cid';

import type { Domain } from '../../../sdk/protocol/eip712.ts';
import type { UploadPart } from '../../../sdk/protocol/http.ts';
import type { Address, ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { DealDirectory } from '../../core/delivery/deal-directory.ts';
import type { Absences } from '../../core/storage/absences.ts';
import type {
  BlockReader,
  ContentIndex,
  ContentSummary,
  ContentTarget,
  SliceTaken,
  UploadState,
} from '../../core/storage/block-ports.ts';
import type { Clock } from '../clock/system-clock.ts';
import type { DeliveryDesk } from '../delivery-desk/delivery-desk.ts';
import type { ReceiptLog } from '../delivery-desk/ledger-accounts.ts';
import type { FillsBlocks } from './fills-blocks.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';

/** What the gateway needs of the block store, beside reading blocks. */
export interface ContentStore extends ContentIndex {
  importCar(
    root: CID,
    stream: AsyncIterable<Uint8Array>,
    options: { pinFor?: DealId; maxBytes: number; part?: UploadPart },
  ): Promise<ContentSummary>;
  /** Stores some blocks that stored nodes of the content name. */
  takeSlice(slice: {
    readonly target: ContentTarget;
    readonly stream: AsyncIterable<Uint8Array>;
    /** Bytes of this slice, and of all of the content that is stored, at most. */
    readonly sliceBytes: number;
    readonly maxBytes: number;
  }): Promise<SliceTaken>;
  uploadState(root: ContentRoot, limit: number): UploadState;
  /** Names under which its publisher can purge the content with others. */
  tag(target: ContentTarget, tags: readonly string[]): void;
}

/** A node that holds a content, as the ring's index names it. */
export interface ContentProvider {
  readonly peerId: string;
  /** Multiaddrs. */
  readonly addresses: readonly string[];
  readonly operator: Address;
  readonly region: string;
  /** How it was found: the node itself, its cooperation group, the ring; undefined if that is not known. */
  readonly reason?: 'own' | 'own-group' | 'ring' | undefined;
}

/** Finds who holds a content. */
export interface ContentRouter {
  lookup(
    cid: CID,
    options: {
      /** So many are enough, even if there are more; Infinity for all. */
      readonly servers: number;
      readonly signal: AbortSignal;
    },
  ): Promise<{ readonly providers: readonly ContentProvider[]; readonly hops: number }>;
}

/** Where notices of publishers come in over HTTP. */
export interface NoticeDoor {
  /** Checks, keeps and forwards a signed notice. @throws NoticeError, ProtocolError */
  take(bytes: Uint8Array): Promise<'new' | 'known'>;
  /** Signed takedowns that this node obeys, the newest first; bounded. */
  takedowns(): readonly Uint8Array[];
}

/** Messages for the operator's log. */
export interface GatewayLog {
  warn(values: Readonly<Record<string, unknown>>, message: string): void;
  error(values: Readonly<Record<string, unknown>>, message: string): void;
}

/** What serving content takes: all that a worker process has (../workers). */
export interface ServingComponents {
  /** Bytes to serve. May be decorated; `contents` is the store itself. */
  readonly blocks: BlockReader;
  readonly contents: ContentIndex;
  /** Who pays, and what was paid. */
  readonly desk: DeliveryDesk;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly log: GatewayLog;
}

/** What all routes of a node take. */
export interface GatewayComponents extends ServingComponents {
  /** The operator's address of this node. */
  readonly node: Address;
  readonly domain: Domain;
  readonly contents: ContentStore;
  /** Only for readiness: a node that cannot write receipts down is not ready. */
  readonly journal: Pick<ReceiptLog, 'refusal'>;
  readonly deals: DealDirectory;
  readonly secp256k1: Secp256k1;
  /** Absent on nodes that are not in the ring. */
  readonly router?: ContentRouter;
  /**
   * Gets a block that is not stored from elsewhere and stores it. Called once for all who ask at once.
   * `contentRoot` is that of the grant, undefined for a client without one.
   */
  readonly fill?: (cid: CID, contentRoot: ContentRoot | undefined, signal: AbortSignal) => Promise<void>;
  /**
   * Whether the content of a grant was taken down, or a block belongs to one that was and to no other that is served.
   * @default none does
   */
  readonly withheld?: (cid: CID, contentRoot: ContentRoot | undefined) => boolean;
  /** Takes notices of publishers. Absent where none are taken. */
  readonly notices?: NoticeDoor;
  /** What nobody had a moment ago. @default one of the gateway's own */
  readonly absences?: Absences;
  /** Who fetches missing blocks, where other planes share the flights. @default one of the gateway's own, by `fill` */
  readonly blockFill?: FillsBlocks;
  /** Told when an uploaded content is complete and pinned. */
  readonly contentStored?: (root: CID, dealId: DealId) => Promise<void>;
  /** Why the node is not ready to serve; empty when it is. */
  readonly readiness: () => readonly string[];
  /** Why no content may be placed here now; undefined when it may. @default uploads are taken */
  readonly refusesUploads?: () => Error | undefined;
  /** Public state of the node, ready for JSON. */
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
}

export interface GatewayOptions {
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** 0 lets the system choose. @default 0 */
  readonly port?: number;
  /** Listens on a unix socket instead, which only this account can open. */
  readonly socketPath?: string;
  /** @default 2,000 */
  readonly maxConnections?: number;
  /** @default 30 s for each 256 KiB */
  readonly slowClientTimeoutMs?: number;
}
