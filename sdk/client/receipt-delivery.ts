import type { Address } from '../protocol/identifiers.ts';
import type { ReceiptWithGrant, SignedReceipt } from '../protocol/receipt.ts';
import type { Acknowledgement } from './acknowledgement.ts';
import type { BlockSource } from './block-source.ts';
import type { GrantAccount } from './grant-account.ts';
import type { NodeAccount } from './grant-book.ts';
import type { MarketplaceApi } from './marketplace-api.ts';

/** What became of the receipts of one grant. */
export interface ReceiptOutcome {
  readonly node: Address;
  readonly epoch: number;
  readonly grantHash: string;
  /** Verified bytes, all of which the receipt names. */
  readonly bytes: number;
  /** Who has it safely: the node, the coordinator in its place, or nobody that could be reached. */
  readonly heldBy: 'node' | 'coordinator' | 'nobody';
}

/** What delivering needs. */
export interface DeliveryComponents {
  readonly api: MarketplaceApi;
  sign(account: GrantAccount, bytes: number): SignedReceipt;
  sourceOf(node: Address): BlockSource | undefined;
}

/**
 * Hands over the last receipt of every grant: to its node, which answers when it is safely recorded, and to the
 * coordinator if the node cannot take it, so that a node that died is paid for what it delivered.
 */
export class ReceiptDelivery {
  readonly #components: DeliveryComponents;
  readonly #held = new Map<GrantAccount, ReceiptOutcome>();
  readonly #underWay = new Map<GrantAccount, Promise<void>>();

  constructor(components: DeliveryComponents) {
    this.#components = components;
  }

  /** Begins to deliver what a retired grant still owes, once no request is under way under it. */
  flushRetired(accounts: Iterable<NodeAccount>): void {
    for (const { node, account } of accounts) {
      const due = account.retired !== undefined && account.underWay === 0 && account.verifiedBytes > 0;
      if (due && !this.#held.has(account) && !this.#underWay.has(account)) {
        this.#underWay.set(account, this.#deliver(node, account));
      }
    }
  }

  /** What no node has said to have recorded yet, signed: whoever keeps it can deliver it to the coordinator later. */
  owed(accounts: Iterable<NodeAccount>): ReceiptWithGrant[] {
    return [...accounts]
      .filter(({ account }) => {
        const held = this.#held.get(account);
        const settled = held?.bytes === account.verifiedBytes && held.heldBy !== 'nobody';
        return account.verifiedBytes > account.durableBytes && !settled;
      })
      .map(({ account }) => ({
        signedGrant: account.signedGrant,
        signedReceipt: this.#components.sign(account, account.verifiedBytes),
      }));
  }

  /** Delivers everything that is still owed. @returns one outcome for each grant with verified bytes */
  async finish(accounts: Iterable<NodeAccount>, signal?: AbortSignal): Promise<ReceiptOutcome[]> {
    const owed = [...accounts].filter(({ account }) => account.verifiedBytes > 0);
    await Promise.all(
      owed.map(async ({ node, account }) => {
        await this.#underWay.get(account);
        const outcome = this.#held.get(account);
        const settled = outcome?.bytes === account.verifiedBytes && outcome.heldBy !== 'nobody';
        if (!settled) await this.#deliver(node, account, signal);
      }),
    );
    return owed.flatMap(({ account }) => this.#held.get(account) ?? []);
  }

  async #deliver(node: Address, account: GrantAccount, signal?: AbortSignal): Promise<void> {
    const bytes = account.verifiedBytes;
    const heldBy = account.durableBytes >= bytes ? 'node' : await this.#handOver(node, account, signal);
    const { epoch } = account.signedGrant.grant;
    this.#held.set(account, { node, epoch, grantHash: account.grantHash, bytes, heldBy });
    this.#underWay.delete(account);
  }

  async #handOver(
    node: Address,
    account: GrantAccount,
    signal?: AbortSignal,
  ): Promise<ReceiptOutcome['heldBy']> {
    const signedReceipt = this.#components.sign(account, account.verifiedBytes);
    if (await this.#toNode(node, account, signedReceipt, signal)) return 'node';
    try {
      const pair = { signedGrant: account.signedGrant, signedReceipt };
      const acknowledged = await this.#components.api.deliverReceipts([pair], signal);
      return isRecorded(acknowledged, signedReceipt) ? 'coordinator' : 'nobody';
    } catch {
      // Reported as held by nobody: the bytes are right all the same, and a fetch must not fail for this.
      return 'nobody';
    }
  }

  async #toNode(
    node: Address,
    account: GrantAccount,
    receipt: SignedReceipt,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    try {
      const acknowledged = (await this.#components.sourceOf(node)?.deliverReceipts([receipt], signal)) ?? [];
      const mine = acknowledged.find(({ grantHash }) => grantHash === account.grantHash);
      if (mine !== undefined) account.learn({ acknowledgedBytes: mine.bytes });
      return isRecorded(acknowledged, receipt);
    } catch {
      // Dead, stalled or refusing: the coordinator is asked next.
      return false;
    }
  }
}

/** Whether all that the receipt names is recorded: one that was refused is not in the answer. */
function isRecorded(acknowledged: readonly Acknowledgement[], { receipt }: SignedReceipt): boolean {
  const mine = acknowledged.find(({ grantHash }) => grantHash === receipt.grantHash);
  return mine !== undefined && mine.bytes >= Number(receipt.bytesCumulative);
}
