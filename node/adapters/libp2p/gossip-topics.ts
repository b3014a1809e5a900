import { bytesToHex, concatBytes, readUint32, uint32ToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  identifierBytes,
  parseContentRoot,
  parseDealId,
  type Address,
  type ContentRoot,
  type DealId,
} from '../../../sdk/protocol/identifiers.ts';

/** What everyone should eventually hear travels by gossip (ARCHITECTURE.md, roles). */
export interface GossipTopics {
  /** A deal was opened or has new allocations: look at the chain. */
  readonly deals: string;
  /** A content has a new holder. */
  readonly content: string;
  /** Signed takedown and purge notices. */
  readonly takedowns: string;
}

/** Topic names of one network: chain and registry are in them, as in the ring's protocol name. */
export function gossipTopics(chainId: bigint, registry: Address): GossipTopics {
  const network = `/bcdn/${chainId.toString()}/${registry}`;
  return {
    deals: `${network}/deals/1`,
    content: `${network}/content/1`,
    takedowns: `${network}/takedowns/1`,
  };
}

/**
 * "This deal exists and is about this content." A hint, not a proof: whoever hears it MUST read the deal from the
 * chain before acting on it.
 */
export interface DealAnnouncement {
  readonly dealId: DealId;
  readonly contentRoot: ContentRoot;
  /** Multicodec of the root CID. */
  readonly contentCodec: number;
}

const VERSION = 1;
const BYTES32 = 32;
/** Version, deal, content root, codec. */
export const DEAL_ANNOUNCEMENT_BYTES = 1 + BYTES32 + BYTES32 + 4;

export function encodeDealAnnouncement(announcement: DealAnnouncement): Uint8Array {
  return concatBytes(
    Uint8Array.of(VERSION),
    identifierBytes(announcement.dealId),
    identifierBytes(announcement.contentRoot),
    uint32ToBytes(announcement.contentCodec),
  );
}

/** Undefined for anything but exactly one announcement of this version. */
export function decodeDealAnnouncement(bytes: Uint8Array): DealAnnouncement | undefined {
  if (bytes.length !== DEAL_ANNOUNCEMENT_BYTES || bytes[0] !== VERSION) return undefined;
  return {
    dealId: parseDealId(bytesToHex(bytes.subarray(1, 1 + BYTES32))),
    contentRoot: parseContentRoot(bytesToHex(bytes.subarray(1 + BYTES32, 1 + 2 * BYTES32))),
    contentCodec: readUint32(bytes, 1 + 2 * BYTES32),
  };
}
