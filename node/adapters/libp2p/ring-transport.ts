import type { Libp2p } from '@libp2p/interface';

import type { RingAdmission } from '../../core/one-hop-ring/ring-ports.ts';
import { decodeMessage, encodeMessage } from '../../core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../core/one-hop-ring/wire-message.ts';
import { KeptStreams, type MessageListener } from './kept-streams.ts';

/** Carries ring messages over kept libp2p streams (SPEC.md of the one-hop ring, messages). */
export class RingTransport extends KeptStreams<RingMessage> {
  constructor(
    components: { readonly host: Libp2p; readonly admission: RingAdmission },
    options: { readonly protocol: string; readonly listener: MessageListener<RingMessage> },
  ) {
    const decode = (bytes: Uint8Array): RingMessage => decodeMessage(bytes, components.admission);
    super(components, { ...options, codec: { encode: encodeMessage, decode } });
  }
}
