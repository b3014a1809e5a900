import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonRpcProvider } from 'ethers';
import pino from 'pino';
import { CachedDealDirectory } from '../../../../node/adapters/chain/cached-deal-directory.ts';
import { ChainReader } from '../../../../node/adapters/chain/chain-reader.ts';
import { ClaimSnapshots } from '../../../../node/adapters/disk/claim-snapshots.ts';
import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import { NodeError } from '../../../../node/app/node-error.ts';
import type { SettlementAnswer } from '../../../../node/app/settlement/coordinator-client.ts';
import { SettlementLoop, type SettlementOptions } from '../../../../node/app/settlement/settlement-loop.ts';
import type { SettlementReport } from '../../../../node/app/settlement/settlement-round.ts';
import { SettlementStore } from '../../../../node/app/settlement/settlement-store.ts';
import { EPOCH_GRACE_MS } from '../../../../node/core/settlement/settlement-limits.ts';
import { readChainTime } from '../../../../sdk/chain/deals.ts';
import { domainOf } from '../../../../sdk/chain/deployment.ts';
import type { DealId } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { ClaimNetwork } from '../../../sdk/chain/claim-network.ts';

const EPOCH_SECONDS = 5;

/** The part of a node that settles, on its own: journal, store and snapshots on disk, a coordinator that is silent. */
export class SettlingNode {
  readonly net: ClaimNetwork;
  readonly #directoryPath: string;
  #options: Partial<SettlementOptions>;
  journal: ReceiptJournal;
  store: SettlementStore;
  directory: CachedDealDirectory;
  loop: SettlementLoop;
  /** What the coordinator answers; silent while undefined. */
  answer: SettlementAnswer | undefined;
  #nowMs = 0;
  #provider: JsonRpcProvider;

  private constructor(net: ClaimNetwork, path: string, options: Partial<SettlementOptions>) {
    this.net = net;
    this.#provider = net.provider;
    this.#directoryPath = path;
    this.#options = options;
    this.journal = new ReceiptJournal({ path: join(path, 'receipts.journal') });
    this.store = SettlementStore.open(join(path, 'settlements.sqlite'));
    this.directory = this.#makeDirectory();
    this.loop = this.#makeLoop();
  }

  static async open(net: ClaimNetwork, options: Partial<SettlementOptions> = {}): Promise<SettlingNode> {
    const node = new SettlingNode(net, await mkdtemp(join(tmpdir(), 'bcdn-settling-')), options);
    await node.journal.open();
    return node;
  }

  /** What a process that is started again has: what lies on disk. */
  async restart(options: Partial<SettlementOptions> = {}, provider = this.net.provider): Promise<void> {
    this.#provider = provider;
    this.#options = { ...this.#options, ...options };
    await this.journal.close();
    this.store.close();
    this.journal = new ReceiptJournal({ path: join(this.#directoryPath, 'receipts.journal') });
    await this.journal.open();
    this.store = SettlementStore.open(join(this.#directoryPath, 'settlements.sqlite'));
    this.directory = this.#makeDirectory();
    this.loop = this.#makeLoop();
  }

  async close(): Promise<void> {
    await this.journal.close();
    this.store.close();
    await rm(this.#directoryPath, { recursive: true, force: true });
  }

  get snapshots(): ClaimSnapshots {
    return new ClaimSnapshots({ directory: join(this.#directoryPath, 'claims') });
  }

  /** Makes receipts of a deal durable. */
  async earn(dealId: DealId, receipts: readonly ReceiptWithGrant[]): Promise<void> {
    await this.directory.refresh(dealId);
    await Promise.all(receipts.map((pair) => this.journal.appendPair(pair)));
  }

  /** One round, as of the chain's time. */
  async settle(signal = new AbortController().signal): Promise<SettlementReport> {
    this.#nowMs = (await readChainTime(this.net.provider)) * 1000 + EPOCH_GRACE_MS;
    return this.loop.settle(false, signal);
  }

  get #reader(): ChainReader {
    return new ChainReader({ provider: this.#provider, deployment: this.net.network.deployment });
  }

  #makeDirectory(): CachedDealDirectory {
    return new CachedDealDirectory({ reader: this.#reader }, { node: this.net.node.address });
  }

  #makeLoop(): SettlementLoop {
    const { network, node } = this.net;
    return new SettlementLoop(
      {
        coordinator: { settle: () => this.#coordinator() },
        journal: this.journal,
        store: this.store,
        snapshots: this.snapshots,
        secp256k1: nativeSecp256k1,
        domain: domainOf(network.deployment),
        node: node.address,
        log: pino({ level: 'silent' }),
        ledger: { closeEpochs: () => ({ grants: 0, lostBytes: 0 }), meters: () => [] },
        directory: this.directory,
        reader: this.#reader,
        sender: network.sender(2, { provider: this.#provider }),
        clock: { nowMs: () => this.#nowMs },
      },
      {
        epochSeconds: EPOCH_SECONDS,
        minimumDueWei: 1n,
        directClaimAfterEpochs: 0,
        gasTokenWei: 0n,
        ...this.#options,
      },
    );
  }

  async #coordinator(): Promise<SettlementAnswer> {
    if (this.answer !== undefined) return this.answer;
    throw new NodeError('COORDINATOR_UNREACHABLE', { message: 'Silent.', remedy: 'Wait.' });
  }
}
