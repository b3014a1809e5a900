import type { Libp2p, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { decode } from 'it-length-prefixed';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import { DialBackError } from '../../core/dial-back/dial-back-error.ts';
import {
  decodeDialBackAnswer,
  encodeDialBackRequest,
  type DialBackAnswer,
} from '../../core/dial-back/dial-back-message.ts';
import { ANSWER_TIMEOUT_MS, DIAL_TIMEOUT_MS, MAX_ANSWER_BYTES } from '../../core/dial-back/limits.ts';
import { sendFrame } from './block-exchange-server.ts';

/** Protocol name of dialling back, bound to one network. */
export function dialBackProtocol(chainId: bigint, registry: Address): string {
  return `/bcdn/${chainId.toString()}/${registry}/dial-back/1`;
}

/** Asks other nodes to dial this one. */
export class DialBackClient {
  readonly #host: Libp2p;
  readonly #protocol: string;

  constructor(components: { readonly host: Libp2p }, options: { readonly protocol: string }) {
    this.#host = components.host;
    this.#protocol = options.protocol;
  }

  /**
   * Asks one node.
   *
   * @param addresses its libp2p multiaddrs with /p2p/
   * @throws DialBackError DIAL_BACK_UNREACHABLE, DIAL_BACK_SILENT, DIAL_BACK_MALFORMED
   */
  async ask(addresses: readonly string[], signal: AbortSignal): Promise<DialBackAnswer> {
    const stream = await this.#open(addresses, signal);
    const until = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const onAbort = (): void => stream.abort(silent());
    until.addEventListener('abort', onAbort, { once: true });
    try {
      await sendFrame(stream, [encodeDialBackRequest()]);
      for await (const message of decode(stream, { maxDataLength: MAX_ANSWER_BYTES })) {
        return decodeDialBackAnswer(message.subarray());
      }
      throw silent();
    } catch (cause) {
      signal.throwIfAborted();
      throw cause instanceof DialBackError ? cause : silent(cause);
    } finally {
      until.removeEventListener('abort', onAbort);
      stream.abort(silent());
    }
  }

  async #open(addresses: readonly string[], signal: AbortSignal): Promise<Stream> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    try {
      const connection = await this.#host.dial(
        addresses.map((address) => multiaddr(address)),
        { signal: until },
      );
      try {
        return await connection.newStream(this.#protocol, { signal: until });
      } catch {
        // The connection was closing, such as one that the other node had dialled back by: a fresh one is not.
        const fresh = await this.#host.dial(connection.remotePeer, { force: true, signal: until });
        return await fresh.newStream(this.#protocol, { signal: until });
      }
    } catch (cause) {
      signal.throwIfAborted();
      throw new DialBackError('DIAL_BACK_UNREACHABLE', 'The other node cannot be reached.', { cause });
    }
  }
}

function silent(cause?: unknown): DialBackError {
  return new DialBackError('DIAL_BACK_SILENT', 'The other node did not answer.', { cause });
}
