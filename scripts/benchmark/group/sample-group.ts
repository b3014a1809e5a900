import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid, type Nid } from '../../../sdk/protocol/identifiers.ts';
import { CooperationGroup } from '../../../node/core/cooperation-group/cooperation-group.ts';
import { decodeGroupMessage, encodeGroupMessage } from '../../../node/core/cooperation-group/group-codec.ts';
import { DEFAULT_GROUP_TIMING } from '../../../node/core/cooperation-group/group-limits.ts';
import type {
  GroupAction,
  GroupEvent,
  GroupServer,
} from '../../../node/core/cooperation-group/group-ports.ts';
import { varintBytes } from '../../../node/core/one-hop-ring/wire-primitives.ts';
import { SampleMembers } from '../ring-table/sample-members.ts';

const REGION = 'eu-west';

export interface SampleMember {
  readonly server: GroupServer;
  readonly group: CooperationGroup;
  readonly holds: Set<Hex>;
  sentBytes: number;
}

interface Delivery {
  readonly to: SampleMember;
  readonly event: GroupEvent;
}

/** One region whose members exchange in virtual time, every message encoded and decoded, delivered at once. */
export class SampleGroup {
  readonly members: SampleMember[] = [];
  nowMs = 0;
  readonly #sample: SampleMembers;
  readonly #byKey = new Map<Hex, SampleMember>();

  constructor(options: { readonly members: number; readonly contents: number; readonly seed: number }) {
    this.#sample = new SampleMembers(options.seed);
    for (let i = 0; i < options.members; i++) this.#add(options.contents);
    for (const member of this.members) this.#deliver({ to: member, event: { type: 'start' } });
    for (const member of this.members) {
      const servers = this.members.filter((other) => other !== member).map(({ server }) => server);
      this.#deliver({ to: member, event: { type: 'members', servers } });
    }
  }

  /** A content that nobody holds yet. */
  newContent(): Uint8Array {
    return this.#sample.position();
  }

  /** One content goes and another comes at every member. */
  swapContents(): void {
    for (const { holds } of this.members) {
      const [gone] = holds;
      if (gone !== undefined) holds.delete(gone);
      holds.add(bytesToHex(this.newContent()));
    }
  }

  /** Bytes that all members sent meanwhile, length prefixes included. */
  run(durationMs: number): number {
    const before = this.#sentBytes();
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const wakeMs = Math.min(...this.members.map(({ group }) => group.nextWakeMs()));
      if (wakeMs > endMs) break;
      this.nowMs = wakeMs;
      for (const member of this.members) {
        if (member.group.nextWakeMs() <= wakeMs) this.#deliver({ to: member, event: { type: 'wake' } });
      }
    }
    this.nowMs = endMs;
    return this.#sentBytes() - before;
  }

  #deliver(first: Delivery): void {
    const queue = [first];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { to, event } = next;
      for (const action of to.group.handle(event, this.nowMs)) {
        const delivery = this.#deliveryOf(to, action);
        if (delivery !== undefined) queue.push(delivery);
      }
    }
  }

  #deliveryOf(from: SampleMember, action: GroupAction): Delivery | undefined {
    const to = action.type === 'send' ? this.#byKey.get(bytesToHex(action.to.publicKey)) : undefined;
    if (action.type !== 'send' || to === undefined) return undefined;
    const bytes = encodeGroupMessage(action.message);
    from.sentBytes += varintBytes(bytes.length) + bytes.length;
    const message = decodeGroupMessage(bytes);
    return { to, event: { type: 'message', from: from.server.publicKey, message } };
  }

  #sentBytes(): number {
    return this.members.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  }

  #add(contents: number): void {
    const nid = this.#sample.position();
    const publicKey = this.#sample.position();
    const operator = parseAddress(bytesToHex(publicKey.subarray(0, 20)));
    const server: GroupServer = { nid, publicKey, operator, region: REGION, addresses: [] };
    const holds = new Set(Array.from({ length: contents }, () => bytesToHex(this.newContent())));
    const group = new CooperationGroup(
      {
        admission: { nidOf: () => ({ nid: positionOf(nid), operator, region: REGION }) },
        random: () => this.#sample.word() / 2 ** 32,
        standing: () => ({ load: 0, freeKiBps: 1_000 }),
        heldKeys: () => holds,
        holds: (key) => holds.has(bytesToHex(key)),
        delayMsOf: () => undefined,
        contactOf: () => undefined,
      },
      { self: server, timing: DEFAULT_GROUP_TIMING },
    );
    const member: SampleMember = { server, group, holds, sentBytes: 0 };
    this.members.push(member);
    this.#byKey.set(bytesToHex(publicKey), member);
  }
}

function positionOf(nid: Uint8Array): Nid {
  return parseNid(bytesToHex(nid));
}
