import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type {
  CheckedGrant,
  CheckedReceipt,
  DeliveryAccounts,
  ReservedBytes,
} from '../../adapters/delivery-desk/delivery-accounts.ts';
import type { GrantStanding, ReceiptAnswer, SentBytes } from '../../adapters/delivery-desk/delivery-desk.ts';
import type { TrafficMeter } from './traffic-meter.ts';

/** Accounts under the monthly cap: bytes are taken from it before they are set aside, and what did not leave returns. */
export class MeteredAccounts implements DeliveryAccounts {
  readonly #inner: DeliveryAccounts;
  readonly #meter: Pick<TrafficMeter, 'take' | 'giveBack'>;
  /** Bytes of transfers that are under way. */
  readonly #taken = new Map<number, number>();

  constructor(components: {
    readonly inner: DeliveryAccounts;
    readonly meter: Pick<TrafficMeter, 'take' | 'giveBack'>;
  }) {
    this.#inner = components.inner;
    this.#meter = components.meter;
  }

  open(grant: CheckedGrant): Promise<GrantStanding> {
    return this.#inner.open(grant);
  }

  resume(grantHash: GrantHash, receipt: CheckedReceipt | undefined): Promise<GrantStanding | undefined> {
    return this.#inner.resume(grantHash, receipt);
  }

  reserve(grantHash: GrantHash, bytes: number): Promise<ReservedBytes> {
    return this.#metered(bytes, () => this.#inner.reserve(grantHash, bytes));
  }

  takeFree(client: string, bytes: number): Promise<{ readonly leaveId: number }> {
    return this.#metered(bytes, () => this.#inner.takeFree(client, bytes));
  }

  settle(leaveId: number, sent: SentBytes): void {
    const taken = this.#taken.get(leaveId);
    this.#taken.delete(leaveId);
    if (taken !== undefined) this.#meter.giveBack(Math.max(0, taken - sent.sentBytes));
    this.#inner.settle(leaveId, sent);
  }

  /** What left is unknown: all of it counts. */
  lose(leaveId: number): void {
    this.#taken.delete(leaveId);
    this.#inner.lose(leaveId);
  }

  takeReceipts(receipts: readonly CheckedReceipt[]): Promise<readonly ReceiptAnswer[]> {
    return this.#inner.takeReceipts(receipts);
  }

  async #metered<T extends { readonly leaveId: number }>(bytes: number, set: () => Promise<T>): Promise<T> {
    await this.#meter.take(bytes);
    try {
      const reserved = await set();
      this.#taken.set(reserved.leaveId, bytes);
      return reserved;
    } catch (error) {
      this.#meter.giveBack(bytes);
      throw error;
    }
  }
}
