import type { MembershipEvent } from '../../../node/core/one-hop-ring/membership-event.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** Watches a simulation from outside; nothing it does reaches the nodes. Absent callbacks cost nothing. */
export interface Observer {
  /**
   * A node's table changed. `by` sent the message that brought the news; undefined if the node found out itself.
   */
  onMembership?(node: SimulatedNode, event: MembershipEvent, by: SimulatedNode | undefined): void;
  onJoined?(node: SimulatedNode): void;
  onCrashed?(node: SimulatedNode): void;
  onLeft?(node: SimulatedNode): void;
  onSent?(from: SimulatedNode, to: SimulatedNode, message: RingMessage): void;
}
