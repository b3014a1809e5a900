import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { parseNid, type Address, type Nid } from '../../../sdk/protocol/identifiers.ts';
import { rankProviders } from '../../core/cooperation-group/rank-providers.ts';
import type { ProviderRecord } from '../../core/one-hop-ring/provider-record.ts';
import type { LookupOutcome } from '../../core/one-hop-ring/ring-ports.ts';

/** The answer of the ring to "who holds this content?". */
export interface RingAnswer {
  /** Verified records, best first for the asker (RING.md, G-L). */
  readonly providers: readonly ProviderRecord[];
  /** 0 the asked node itself, 1 one remote call, 2 two of them. */
  readonly hops: number;
  readonly answeredBy: Nid;
}

/** A member of the ring as this node sees it. */
export interface RingMember {
  readonly nid: Nid;
  readonly operator: Address;
  readonly region: string;
  readonly state: 'alive' | 'suspect' | 'failed' | 'left';
  readonly addresses: readonly string[];
}

/** One entry of the own table changed. */
export interface MembershipChange {
  /** Undefined for a record that the registry snapshot does not place. */
  readonly nid: Nid | undefined;
  /** Undefined for an accusation of somebody that the table does not list. */
  readonly region: string | undefined;
  readonly state: RingMember['state'];
  readonly incarnation: number;
  /** Signatures under an accusation; 0 for a member's own word. */
  readonly witnesses: number;
  /** Members of the ring after the change. */
  readonly members: number;
}

/** Orders an outcome for an asker. Undefined if nobody answered. */
export function answerOf(
  outcome: LookupOutcome,
  asker: { readonly region: string },
  delayMsOf: (provider: ProviderRecord) => number | undefined,
): RingAnswer | undefined {
  if (outcome.answeredBy === undefined) return undefined;
  const ranked = rankProviders(outcome.providers, asker, (provider) => ({
    region: provider.record.region,
    load: provider.load,
    delayMs: delayMsOf(provider.record),
  }));
  return {
    providers: ranked.map((provider) => provider.record),
    hops: outcome.hops,
    answeredBy: nidOf(outcome.answeredBy),
  };
}

export function nidOf(bytes: Uint8Array): Nid {
  return parseNid(bytesToHex(bytes));
}
