import { parseContentRoot, type Address, type ContentRoot, type Epoch } from '../protocol/identifiers.ts';
import {
  addressArgument,
  bigintArgument,
  epochArgument,
  inconsistent,
  textArgument,
  type DealEvent,
} from './deal-event.ts';
import { NodeHistory } from './node-history.ts';

/** A key of a deal and the last epoch it is good for; undefined for the current one. */
export interface DealKey {
  readonly address: Address;
  readonly lastEpoch: Epoch | undefined;
}

/** What a deal has set aside for its peers, and what they got of it. */
export interface PeerPoolMoney {
  /** Put in, less what was released. */
  readonly fundedWei: bigint;
  /** Total of the newest root; 0 before the first. */
  readonly postedWei: bigint;
  readonly paidWei: ReadonlyMap<Address, bigint>;
}

/** Events that move neither keys nor money of nodes. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'ToppedUp',
  'Withdrawn',
  'DealClosing',
  'DealClosed',
  'ThawStarted',
  'FeesCollected',
  'ClaimSalted',
  'SeedPinned',
  'StrataOpened',
  'PeerPoolThawing',
]);

/** What the events of a deal say, replayed in their order by the rules of the contract. */
export class DealHistory {
  #opened: { readonly publisher: Address; readonly contentRoot: ContentRoot } | undefined;
  #grantKeys: DealKey[] = [];
  #collectors: DealKey[] = [];
  #peerPool: PeerPoolMoney | undefined;
  #last: DealEvent | undefined;
  readonly #nodes = new Map<Address, NodeHistory>();
  readonly #unknown = new Set<string>();

  /** @throws AuditError AUDIT_EVENTS_INCONSISTENT */
  apply(event: DealEvent): void {
    this.#requireOrder(event);
    if (event.name === 'DealOpened') {
      this.#open(event);
      return;
    }
    if (this.#opened === undefined) throw inconsistent(event, 'the deal was not opened before');
    switch (event.name) {
      case 'KeysRotated':
        this.#rotate(event);
        return;
      case 'PeerPoolFunded':
      case 'PeerPoolReleased':
      case 'PeerRootPosted':
      case 'PeerPaid':
        this.#peerPool = poolAfter(this.#peerPool, event);
        return;
      default:
        this.#applyToNode(event);
    }
  }

  /** Undefined until the deal's first event has been applied. */
  get contentRoot(): ContentRoot | undefined {
    return this.#opened?.contentRoot;
  }

  get publisher(): Address | undefined {
    return this.#opened?.publisher;
  }

  /** Newest first. */
  get grantKeys(): readonly DealKey[] {
    return this.#grantKeys;
  }

  /** Newest first. */
  get collectors(): readonly DealKey[] {
    return this.#collectors;
  }

  get peerPool(): PeerPoolMoney | undefined {
    return this.#peerPool;
  }

  get nodes(): ReadonlyMap<Address, NodeHistory> {
    return this.#nodes;
  }

  /** Names of events that this audit does not know: what they did is not recomputed. */
  get unknownEvents(): readonly string[] {
    return [...this.#unknown].sort();
  }

  #requireOrder(event: DealEvent): void {
    const last = this.#last;
    const rises =
      last === undefined ||
      event.blockNumber > last.blockNumber ||
      (event.blockNumber === last.blockNumber && event.logIndex > last.logIndex);
    if (!rises) throw inconsistent(event, 'it is not later than the one before');
    this.#last = event;
  }

  #open(event: DealEvent): void {
    if (this.#opened !== undefined) throw inconsistent(event, 'the deal was opened before');
    this.#opened = {
      publisher: addressArgument(event, 'publisher'),
      contentRoot: parseContentRoot(textArgument(event, 'contentRoot')),
    };
    this.#grantKeys = [{ address: addressArgument(event, 'grantKey'), lastEpoch: undefined }];
    this.#collectors = [{ address: addressArgument(event, 'collector'), lastEpoch: undefined }];
  }

  #rotate(event: DealEvent): void {
    const lastEpoch = epochArgument(event, 'keyLastEpoch');
    const after = (keys: readonly DealKey[], name: string): DealKey[] => [
      { address: addressArgument(event, name), lastEpoch: undefined },
      ...keys.map((key) => (key.lastEpoch === undefined ? { ...key, lastEpoch } : key)),
    ];
    this.#grantKeys = after(this.#grantKeys, 'grantKey');
    this.#collectors = after(this.#collectors, 'collector');
  }

  #applyToNode(event: DealEvent): void {
    if (WITHOUT_EFFECT.has(event.name)) return;
    if (!NodeHistory.knows(event.name)) {
      this.#unknown.add(event.name);
      return;
    }
    const node = addressArgument(event, 'node');
    let history = this.#nodes.get(node);
    if (history === undefined) {
      if (event.name !== 'Allocated') throw inconsistent(event, 'nothing was allocated to the node');
      history = new NodeHistory(node, bigintArgument(event, 'ratePerGiB'));
      this.#nodes.set(node, history);
    }
    history.apply(event);
  }
}

function poolAfter(before: PeerPoolMoney | undefined, event: DealEvent): PeerPoolMoney {
  const pool = before ?? { fundedWei: 0n, postedWei: 0n, paidWei: new Map<Address, bigint>() };
  switch (event.name) {
    case 'PeerPoolFunded':
      return { ...pool, fundedWei: pool.fundedWei + bigintArgument(event, 'amountWei') };
    case 'PeerPoolReleased':
      return { ...pool, fundedWei: pool.fundedWei - bigintArgument(event, 'amountWei') };
    case 'PeerRootPosted':
      return { ...pool, postedWei: bigintArgument(event, 'totalWei') };
    default: {
      const peer = addressArgument(event, 'peer');
      const paidWei = (pool.paidWei.get(peer) ?? 0n) + bigintArgument(event, 'amountWei');
      if (paidWei !== bigintArgument(event, 'cumulativeWei'))
        throw inconsistent(event, 'payments of the peer are missing');
      return { ...pool, paidWei: new Map(pool.paidWei).set(peer, paidWei) };
    }
  }
}
