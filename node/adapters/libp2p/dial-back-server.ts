import { lookup } from 'node:dns/promises';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { decode } from 'it-length-prefixed';
import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { DialBackAllowance } from '../../core/dial-back/dial-back-allowance.ts';
import { DialBackError } from '../../core/dial-back/dial-back-error.ts';
import {
  encodeDialBackAnswer,
  requireDialBackRequest,
  type DialBackAnswer,
  type DialBackOutcome,
  type DialledBack,
} from '../../core/dial-back/dial-back-message.ts';
import { canonicalAddress, parseEndpoint, type DialledEndpoint } from '../../core/dial-back/endpoint.ts';
import {
  ANSWER_TIMEOUT_MS,
  MAX_ENDPOINTS,
  MAX_REQUEST_BYTES,
  MAX_REQUESTS_AT_ONCE,
} from '../../core/dial-back/limits.ts';
import type { Clock } from '../clock/system-clock.ts';
import { sendFrame } from './block-exchange-server.ts';
import type { EndpointDialler } from './endpoint-dialler.ts';

/** A request must have come after so long; a name must be resolved in the same. */
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_STREAMS_PER_CONNECTION = 2;

export interface DialBackServerComponents {
  readonly host: Libp2p;
  /** Endpoints that the registry names for the owner of a key; undefined if nobody owns it. */
  readonly endpointsOf: (libp2pPublicKey: Uint8Array) => readonly string[] | undefined;
  readonly dialler: EndpointDialler;
  readonly clock: Clock;
  /** Addresses of a name. @default the system's resolver */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** Called with what went wrong on a stream; the stream is closed already. */
  readonly onFailure: (error: unknown) => void;
}

/** Dials registered nodes back at the address that they ask from (../../core/dial-back/SPEC.md). */
export class DialBackServer {
  readonly #components: DialBackServerComponents;
  readonly #protocol: string;
  readonly #allowance = new DialBackAllowance();
  /** Askers whose endpoints are being dialled. */
  readonly #working = new Set<string>();

  constructor(components: DialBackServerComponents, options: { readonly protocol: string }) {
    this.#components = components;
    this.#protocol = options.protocol;
  }

  async start(): Promise<void> {
    const { host } = this.#components;
    await host.handle(this.#protocol, (stream, connection) => this.#serve(stream, connection), {
      maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
    });
  }

  async stop(): Promise<void> {
    await this.#components.host.unhandle(this.#protocol);
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    stream.inactivityTimeout = REQUEST_TIMEOUT_MS;
    try {
      for await (const message of decode(stream, { maxDataLength: MAX_REQUEST_BYTES })) {
        requireDialBackRequest(message.subarray());
        // The dials take longer than a stream may be silent.
        stream.inactivityTimeout = ANSWER_TIMEOUT_MS;
        await sendFrame(stream, [encodeDialBackAnswer(await this.#answer(connection))]);
        break;
      }
      await stream.close();
    } catch (error) {
      stream.abort(
        error instanceof Error ? error : new DialBackError('DIAL_BACK_MALFORMED', 'The stream failed.'),
      );
      this.#components.onFailure(error);
    }
  }

  async #answer({ remotePeer, remoteAddr }: Connection): Promise<DialBackAnswer> {
    const { endpointsOf, clock } = this.#components;
    const observedAddress = observedOf(remoteAddr.toString());
    const without = (outcome: DialBackOutcome): DialBackAnswer => ({
      outcome,
      observedAddress: observedAddress ?? '',
      endpoints: [],
    });
    const key = remotePeer.type === 'Ed25519' ? remotePeer.publicKey.raw : undefined;
    const endpoints = key === undefined ? undefined : endpointsOf(key);
    if (key === undefined || endpoints === undefined || observedAddress === undefined) {
      return without('unregistered');
    }
    const asker = bytesToHex(key);
    if (!this.#allowance.take(asker, clock.nowMs())) return without('too-often');
    if (this.#working.size >= MAX_REQUESTS_AT_ONCE || this.#working.has(asker)) return without('busy');
    this.#working.add(asker);
    try {
      return {
        outcome: 'dialled',
        observedAddress,
        endpoints: await this.#dialAll(endpoints.slice(0, MAX_ENDPOINTS), {
          peerId: remotePeer.toString(),
          observedAddress,
        }),
      };
    } finally {
      this.#working.delete(asker);
    }
  }

  async #dialAll(
    endpoints: readonly string[],
    asker: { readonly peerId: string; readonly observedAddress: string },
  ): Promise<DialledBack[]> {
    const results: DialledBack[] = [];
    // One after the other: the host takes dials of one peer at the same time for one.
    for (const endpoint of endpoints) results.push(await this.#dial(endpoint, asker));
    return results;
  }

  async #dial(
    endpoint: string,
    { peerId, observedAddress }: { readonly peerId: string; readonly observedAddress: string },
  ): Promise<DialledBack> {
    const parsed = parseEndpoint(endpoint);
    if (parsed === undefined) return { endpoint, result: 'not-dialled', ms: 0 };
    const addresses = await this.#addressesOf(parsed);
    if (!addresses.some((address) => canonicalAddress(address) === observedAddress)) {
      return { endpoint, result: 'other-address', ms: 0 };
    }
    const { clock, dialler } = this.#components;
    const startMs = clock.nowMs();
    const result = await dialler.dial({ ...parsed, address: observedAddress, peerId });
    return { endpoint, result, ms: Math.max(0, Math.round(clock.nowMs() - startMs)) };
  }

  async #addressesOf({ host }: DialledEndpoint): Promise<readonly string[]> {
    if (host.kind !== 'dns') return [host.name];
    try {
      return await (this.#components.resolve ?? resolved)(host.name);
    } catch (error) {
      // A name that does not resolve is at no address; the asker is told so.
      if (error instanceof Error) return [];
      throw error;
    }
  }
}

async function resolved(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

/** The address in a multiaddr such as `/ip4/192.0.2.1/tcp/4001`; undefined for a relayed connection. */
function observedOf(multiaddr: string): string | undefined {
  if (multiaddr.includes('/p2p-circuit')) return undefined;
  const [, kind, address] = multiaddr.split('/');
  return kind === 'ip4' || kind === 'ip6' ? canonicalAddress(address ?? '') : undefined;
}
