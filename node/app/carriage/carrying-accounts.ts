import type { Address, DealId, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type {
  CheckedGrant,
  CheckedReceipt,
  DeliveryAccounts,
  ReservedBytes,
} from '../../adapters/delivery-desk/delivery-accounts.ts';
import type { GrantStanding, ReceiptAnswer, SentBytes } from '../../adapters/delivery-desk/delivery-desk.ts';
import type { CarriageAccounts } from './carriage-accounts.ts';

export interface CarryingParts {
  readonly own: DeliveryAccounts;
  readonly carriage: CarriageAccounts;
  /** Deals that allocate something to this node. Fails with ChainError. */
  readonly allocated: (dealId: DealId) => Promise<boolean>;
}

/** The accounts of an edge that also carries: grants that are paid for beside grants that are lent. */
export class CarryingAccounts implements DeliveryAccounts {
  readonly #parts: CarryingParts;
  readonly #node: Address;

  constructor(parts: CarryingParts, options: { readonly node: Address }) {
    this.#parts = parts;
    this.#node = options.node;
  }

  async open(checked: CheckedGrant): Promise<GrantStanding> {
    const { own, carriage } = this.#parts;
    return (await this.#isCarried(checked)) ? carriage.open(checked) : own.open(checked);
  }

  resume(grantHash: GrantHash, receipt: CheckedReceipt | undefined): Promise<GrantStanding | undefined> {
    return this.#of(grantHash).resume(grantHash, receipt);
  }

  async reserve(grantHash: GrantHash, bytes: number): Promise<ReservedBytes> {
    const { own, carriage } = this.#parts;
    if (!carriage.knows(grantHash)) return own.reserve(grantHash, bytes);
    const { leaveId, standing } = await carriage.reserve(grantHash, bytes);
    // Both count their leaves from 1.
    return { leaveId: -leaveId, standing };
  }

  takeFree(client: string, bytes: number): Promise<{ readonly leaveId: number }> {
    return this.#parts.own.takeFree(client, bytes);
  }

  settle(leaveId: number, sent: SentBytes): void {
    if (leaveId < 0) this.#parts.carriage.settle(-leaveId, sent);
    else this.#parts.own.settle(leaveId, sent);
  }

  lose(leaveId: number): void {
    if (leaveId < 0) this.#parts.carriage.lose(-leaveId);
    else this.#parts.own.lose(leaveId);
  }

  async takeReceipts(receipts: readonly CheckedReceipt[]): Promise<readonly ReceiptAnswer[]> {
    const isCarried = ({ signedReceipt }: CheckedReceipt): boolean =>
      this.#parts.carriage.knows(signedReceipt.receipt.grantHash);
    const [carried, own] = await Promise.all([
      this.#parts.carriage.takeReceipts(receipts.filter(isCarried)),
      this.#parts.own.takeReceipts(receipts.filter((receipt) => !isCarried(receipt))),
    ]);
    const answers = { carried: carried.values(), own: own.values() };
    return receipts.flatMap((receipt) => {
      const { value } = (isCarried(receipt) ? answers.carried : answers.own).next();
      return value === undefined ? [] : [value];
    });
  }

  /** The chain decides first: a deal that allocates something to this node is never carried. */
  async #isCarried(checked: CheckedGrant): Promise<boolean> {
    const { grant } = checked.signedGrant;
    if (grant.node !== this.#node) return false;
    try {
      return !(await this.#parts.allocated(grant.dealId)) && (await this.#parts.carriage.takes(checked));
    } catch {
      // The chain is away: the own accounts say so in their words, or know the deal from before.
      return false;
    }
  }

  #of(grantHash: GrantHash): DeliveryAccounts {
    return this.#parts.carriage.knows(grantHash) ? this.#parts.carriage : this.#parts.own;
  }
}
