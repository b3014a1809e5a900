import type { DeliveryAccounts } from '../../adapters/delivery-desk/delivery-accounts.ts';
import type { GatewayMetrics } from '../../adapters/http/gateway-metrics.ts';

/** What this node has done for viewers since it started. */
export interface ServedFigures {
  /** Bytes that left for viewers, by every transport and from every process, paid and free. */
  readonly sentBytes: number;
  /** Answers that were begun. */
  readonly transfers: number;
  /** Blocks that were asked for and had to be looked for elsewhere. */
  readonly misses: number;
  /** Open connections of this process's gateway. */
  readonly connections: number;
}

/** Counts where all processes and transports meet: at the accounts, and where blocks are looked for elsewhere. */
export class ServedTraffic {
  #sentBytes = 0;
  #transfers = 0;
  #misses = 0;
  #connections = 0;

  figures(): ServedFigures {
    return {
      sentBytes: this.#sentBytes,
      transfers: this.#transfers,
      misses: this.#misses,
      connections: this.#connections,
    };
  }

  /** Accounts that count what leaves. */
  accounts(inner: DeliveryAccounts): DeliveryAccounts {
    return {
      open: (grant) => inner.open(grant),
      resume: (grantHash, receipt) => inner.resume(grantHash, receipt),
      takeReceipts: (receipts) => inner.takeReceipts(receipts),
      lose: (leaveId) => inner.lose(leaveId),
      reserve: async (grantHash, bytes) => this.#begun(await inner.reserve(grantHash, bytes)),
      takeFree: async (client, bytes) => this.#begun(await inner.takeFree(client, bytes)),
      settle: (leaveId, sent) => {
        this.#sentBytes += sent.sentBytes;
        inner.settle(leaveId, sent);
      },
    };
  }

  /** Metrics of the gateway, listened to. */
  metrics(inner: GatewayMetrics): GatewayMetrics {
    return {
      ...inner,
      fill: (outcome) => {
        this.#misses += 1;
        inner.fill(outcome);
      },
      connections: (open) => {
        this.#connections = open;
        inner.connections(open);
      },
    };
  }

  #begun<T>(leave: T): T {
    this.#transfers += 1;
    return leave;
  }
}
