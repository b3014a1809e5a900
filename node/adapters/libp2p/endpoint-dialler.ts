import type { Libp2p } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { z } from 'zod';
import type { HttpExchange } from '../../../sdk/client/http-exchange.ts';
import type { DialledEndpoint } from '../../core/dial-back/endpoint.ts';
import type { EndpointResult } from '../../core/dial-back/dial-back-message.ts';
import { DIAL_TIMEOUT_MS, MAX_STATUS_BYTES } from '../../core/dial-back/limits.ts';

const statusSchema = z.object({ peerId: z.string().max(128) });

/** An endpoint, with the address that is dialled for it and who must answer there. */
export interface DialTarget extends DialledEndpoint {
  readonly address: string;
  readonly peerId: string;
}

/** Dials endpoints of other nodes, once and afresh. Never rejects. */
export class EndpointDialler {
  readonly #host: Libp2p;
  readonly #http: HttpExchange;

  constructor(components: { readonly host: Libp2p; readonly http: HttpExchange }) {
    this.#host = components.host;
    this.#http = components.http;
  }

  async dial(target: DialTarget): Promise<EndpointResult> {
    try {
      return target.plane === 'http' ? await this.#gateway(target) : await this.#libp2p(target);
    } catch (error) {
      // Whatever kept the connection from being made: the endpoint is not reached.
      if (error instanceof Error) return 'unreachable';
      throw error;
    }
  }

  async #gateway({ address, port, peerId }: DialTarget): Promise<EndpointResult> {
    const host = address.includes(':') ? `[${address}]` : address;
    const answer = await this.#http.request({
      method: 'GET',
      url: `http://${host}:${port}/bcdn/v1/status`,
      maxBytes: MAX_STATUS_BYTES,
      stallTimeoutMs: DIAL_TIMEOUT_MS,
      signal: AbortSignal.timeout(DIAL_TIMEOUT_MS),
    });
    if (answer.status !== 200) return 'another-node';
    const body: unknown = JSON.parse(Buffer.from(answer.body).toString('utf8'));
    const status = statusSchema.safeParse(body);
    return status.success && status.data.peerId === peerId ? 'reached' : 'another-node';
  }

  async #libp2p({ address, port, webSocket, peerId }: DialTarget): Promise<EndpointResult> {
    const kind = address.includes(':') ? 'ip6' : 'ip4';
    const to = multiaddr(`/${kind}/${address}/tcp/${port}${webSocket ? '/ws' : ''}/p2p/${peerId}`);
    // The asker is connected already: only a fresh connection says whether it can be reached.
    const connection = await this.#host.dial(to, {
      force: true,
      signal: AbortSignal.timeout(DIAL_TIMEOUT_MS),
    });
    const reached = connection.remotePeer.toString() === peerId && connection.direction === 'outbound';
    await connection.close({ signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) });
    return reached ? 'reached' : 'another-node';
  }
}
