import type { Libp2p } from '@libp2p/interface';

import { decodeGroupMessage, encodeGroupMessage } from '../../core/cooperation-group/group-codec.ts';
import type { GroupMessage } from '../../core/cooperation-group/group-message.ts';
import { KeptStreams, type MessageListener } from './kept-streams.ts';

/** Carries the messages of cooperation groups over kept libp2p streams (SPEC.md of the cooperation group, messages). */
export class GroupTransport extends KeptStreams<GroupMessage> {
  constructor(
    components: { readonly host: Libp2p },
    options: { readonly protocol: string; readonly listener: MessageListener<GroupMessage> },
  ) {
    super(components, { ...options, codec: { encode: encodeGroupMessage, decode: decodeGroupMessage } });
  }
}
