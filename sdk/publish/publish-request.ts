import type { CallComponents } from '../client/json-call.ts';
import type { Quote } from '../client/marketplace-answers.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import type { ContentSource } from './content-source.ts';
import type { OriginRequest } from './declare-origin.ts';
import type { NodeShortage } from './node-shortage.ts';
import type { PlacementProgress } from './place-content.ts';
import type { PublicationJournal } from './publication-record.ts';

/** What to publish, who pays, and how widely. */
export interface PublishRequest {
  readonly source: ContentSource;
  /** The publisher's account: pays the deposit and signs the uploads. */
  readonly sender: TransactionSender;
  readonly marketplaceUrl: string;
  /** Edges that will hold the content; if there are fewer that meet the wishes, it is refused. */
  readonly replicas: number;
  /** Takes as many edges as there are, at least one and at most `replicas`. @default false */
  readonly allowFewer?: boolean | undefined;
  /** @default all regions */
  readonly regions?: readonly string[] | undefined;
  /** Bytes that all viewers together are expected to fetch. @default ten times the content */
  readonly expectedDeliveryBytes?: bigint | undefined;
  /** Days in which they are: says how long the deposit lasts. @default not said */
  readonly days?: number | undefined;
  /** Highest price, wei per GiB. @default no limit */
  readonly maxRatePerGiB?: bigint | undefined;
  /** Set aside for peers, viewers that also serve, beside what the nodes are allocated. @default 0: no peer is paid */
  readonly peerPoolWei?: bigint | undefined;
  /** Most wei to escrow. @default no limit */
  readonly budgetWei?: bigint | undefined;
  readonly serviceLevel?: number | undefined;
  /** Signs the admissions of the viewers whom the deal is for (`signAdmission`). @default everybody is granted */
  readonly audienceKey?: Address | undefined;
  /**
   * Where nodes fetch the content from, so that it needs no pushing: they get its inner nodes and the address, and serve it
   * at once. `source` is still read once here, to name the content. @default it is pushed
   */
  readonly origin?: OriginRequest | undefined;
  /** Names under which the content can be purged with others of this publisher, at most 16. @default none */
  readonly tags?: readonly string[] | undefined;
  /** Leaf size in bytes. @default 1048576 */
  readonly chunkBytes?: number | undefined;
  /** Directory of the temporary archive. @default the system's */
  readonly temporaryDirectory?: string | undefined;
}

/** How far publishing has come. */
export type PublishProgress =
  | { readonly phase: 'importing'; readonly bytes: number }
  | { readonly phase: 'imported'; readonly cid: string; readonly bytes: number; readonly blocks: number }
  | {
      readonly phase: 'quoted';
      readonly nodes: number;
      readonly depositWei: bigint;
      /** Where fewer nodes are allowed: how many are missing, and why. */
      readonly shortage: NodeShortage | undefined;
    }
  /** A publication that was interrupted goes on: what follows may be done already. */
  | { readonly phase: 'resumed'; readonly dealId: DealId }
  | { readonly phase: 'opened'; readonly dealId: DealId }
  | { readonly phase: 'allocated'; readonly dealId: DealId; readonly nodes: number }
  | PlacementProgress;

/** What publishing will cost, and where the content will be. */
export interface PublicationPlan {
  readonly cid: string;
  readonly bytes: number;
  readonly quote: Quote;
  /** To escrow, `peerPoolWei` included. */
  readonly depositWei: bigint;
  readonly peerPoolWei: bigint;
}

export interface PublishOptions {
  /**
   * Keeps what is needed to go on after a crash, written before anything is sent: with the same journal the same deal is
   * opened, allocated and filled, and nothing is paid twice. @default none: a crash leaves a deal to be closed
   */
  readonly journal?: PublicationJournal | undefined;
  /** Sees the plan before anything is sent; false stops. Not asked again when a publication is resumed. @default goes on */
  readonly review?: ((plan: PublicationPlan) => Promise<boolean>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PublishProgress) => void) | undefined;
  /** Time until every allocated node must hold the content, milliseconds. @default 120000 */
  readonly placementTimeoutMs?: number | undefined;
  /** Replaces the machine's HTTP and clock. */
  readonly components?: Partial<CallComponents> | undefined;
}
