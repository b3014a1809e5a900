import type { MultiaddrConnection } from '@libp2p/interface';
import { AbstractMultiaddrConnection } from '@libp2p/utils';

import type { DelayLine } from './delay-line.ts';
import type { ShapedNetwork } from './shaped-network.ts';

/** Bytes on their way in one direction before the writer must wait, like TCP's send buffer. */
const MAX_IN_FLIGHT_BYTES = 4_194_304;

type Data = Parameters<AbstractMultiaddrConnection['sendData']>[0];

/** What travels: bytes, the orderly end, or a reset. */
type Item =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset'; readonly error: Error };

/** A raw connection of the dialling side whose bytes, ends and resets take their time in both directions. */
export class ShapedConnection extends AbstractMultiaddrConnection {
  readonly #inner: MultiaddrConnection;
  readonly #out: DelayLine<Item>;
  readonly #in: DelayLine<Item>;

  constructor(inner: MultiaddrConnection, network: ShapedNetwork, peers: { local: string; remote: string }) {
    super({ remoteAddr: inner.remoteAddr, direction: inner.direction, log: inner.log });
    this.#inner = inner;
    this.#out = network.line(peers.local, peers.remote, (item) => this.#arriveThere(item));
    this.#in = network.line(peers.remote, peers.local, (item) => this.#arriveHere(item));
    inner.addEventListener('message', ({ data }) => {
      this.#in.put({ kind: 'bytes', bytes: data.subarray() }, data.byteLength);
    });
    inner.addEventListener('close', ({ error }) => {
      this.#in.put(error === undefined ? { kind: 'end' } : { kind: 'reset', error }, 0);
    });
  }

  sendData(data: Data): { sentBytes: number; canSendMore: boolean } {
    const sentBytes = data.byteLength;
    this.#out.put({ kind: 'bytes', bytes: data.slice() }, sentBytes);
    return { sentBytes, canSendMore: this.#out.queuedBytes < MAX_IN_FLIGHT_BYTES };
  }

  sendReset(error: Error): void {
    this.#in.clear();
    this.#out.put({ kind: 'reset', error }, 0);
  }

  /** As with TCP, the end is on its way when this returns; nobody knows when it arrives. */
  async sendClose(): Promise<void> {
    this.#out.put({ kind: 'end' }, 0);
  }

  sendPause(): void {
    if (this.#inner.status === 'open') this.#inner.pause();
  }

  sendResume(): void {
    if (this.#inner.status === 'open') this.#inner.resume();
  }

  #arriveThere(item: Item): void {
    if (item.kind === 'reset') {
      this.#inner.abort(item.error);
    } else if (item.kind === 'end') {
      this.#inner.close().catch((error: unknown) => this.log.error('closing failed - %e', error));
    } else if (this.#inner.status === 'open') {
      this.#inner.send(item.bytes);
    }
    if (this.writableNeedsDrain && this.#out.queuedBytes < MAX_IN_FLIGHT_BYTES)
      this.safeDispatchEvent('drain');
  }

  #arriveHere(item: Item): void {
    if (this.status !== 'open' && this.status !== 'closing') return;
    if (item.kind === 'bytes') this.onData(item.bytes);
    else if (item.kind === 'reset') this.onRemoteReset();
    else this.onTransportClosed();
  }
}
