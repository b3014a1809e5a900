import { FetchRequest, JsonRpcProvider, Network } from 'ethers';

/** When a process dies: after so many requests, the last of which the chain still gets or not. */
export interface Death {
  readonly afterRequests: number;
  readonly lastIsDelivered: boolean;
}

/** A connection that ends for good in the middle of something, as that of a process that is killed. */
export class MortalProvider extends JsonRpcProvider {
  readonly #death: Death;
  readonly #dies = new AbortController();
  requests = 0;

  constructor(endpoint: { readonly url: string; readonly chainId: bigint }, death: Death) {
    super(new FetchRequest(endpoint.url), Network.from(endpoint.chainId), {
      staticNetwork: true,
      batchMaxCount: 1,
      cacheTimeout: -1,
    });
    this.#death = death;
  }

  /** Given when the process is dead: nothing waits for it any more. */
  get dead(): AbortSignal {
    return this.#dies.signal;
  }

  override async send(method: string, params: unknown[]): Promise<unknown> {
    this.requests += 1;
    const { afterRequests, lastIsDelivered } = this.#death;
    if (this.requests < afterRequests) return super.send(method, params);
    if (this.requests === afterRequests && lastIsDelivered) await super.send(method, params);
    this.#dies.abort(new ProcessKilled());
    throw new ProcessKilled();
  }
}

class ProcessKilled extends Error {
  readonly code = 'ECONNRESET';
}
