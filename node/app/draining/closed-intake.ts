import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type {
  CheckedGrant,
  CheckedReceipt,
  DeliveryAccounts,
  ReservedBytes,
} from '../../adapters/delivery-desk/delivery-accounts.ts';
import type { GrantStanding, ReceiptAnswer, SentBytes } from '../../adapters/delivery-desk/delivery-desk.ts';
import { DeliveryError } from '../../core/delivery/delivery-error.ts';

/** Accounts that begin nothing new while the node drains: grants that are open go on, receipts are taken to the last. */
export class ClosedIntake implements DeliveryAccounts {
  readonly #inner: DeliveryAccounts;
  readonly #drains: () => boolean;

  constructor(components: { readonly inner: DeliveryAccounts; readonly drains: () => boolean }) {
    this.#inner = components.inner;
    this.#drains = components.drains;
  }

  async open(grant: CheckedGrant): Promise<GrantStanding> {
    if (this.#drains()) {
      const known = await this.#inner.resume(grant.grantHash, undefined);
      if (known === undefined) throw draining();
    }
    return this.#inner.open(grant);
  }

  resume(grantHash: GrantHash, receipt: CheckedReceipt | undefined): Promise<GrantStanding | undefined> {
    return this.#inner.resume(grantHash, receipt);
  }

  reserve(grantHash: GrantHash, bytes: number): Promise<ReservedBytes> {
    return this.#inner.reserve(grantHash, bytes);
  }

  async takeFree(client: string, bytes: number): Promise<{ readonly leaveId: number }> {
    if (this.#drains()) throw draining();
    return this.#inner.takeFree(client, bytes);
  }

  settle(leaveId: number, sent: SentBytes): void {
    this.#inner.settle(leaveId, sent);
  }

  lose(leaveId: number): void {
    this.#inner.lose(leaveId);
  }

  takeReceipts(receipts: readonly CheckedReceipt[]): Promise<readonly ReceiptAnswer[]> {
    return this.#inner.takeReceipts(receipts);
  }
}

/** What is said to who brings new work. */
export function draining(): DeliveryError {
  return new DeliveryError('NODE_DRAINING', 'The operator is draining this node: it takes nothing new.', {
    remedy: 'Use another node of the deal; what is open here is still served and paid.',
  });
}
