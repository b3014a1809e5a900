import { bytesToHex, type Hex } from '../protocol/bytes.ts';
import type { Domain } from '../protocol/eip712.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { decodeSignedGrant, grantDigest, SIGNED_GRANT_BYTES, type SignedGrant } from '../protocol/grant.ts';
import type { Address, ContentRoot, DealId } from '../protocol/identifiers.ts';
import {
  decodeSignedReceipt,
  receiptDigest,
  RECEIPT_WITH_GRANT_BYTES,
  type SignedReceipt,
} from '../protocol/receipt.ts';
import { signerOf, type Secp256k1 } from '../protocol/signature.ts';
import type { DealKey } from './deal-history.ts';

/** Why a receipt does not count. Codes are listed once and never reused; SPEC.md says what each means. */
export type ReceiptFaultCode =
  | 'RECORD_MALFORMED'
  | 'OTHER_DEAL'
  | 'OTHER_CONTENT'
  | 'NODE_NOT_ALLOCATED'
  | 'GRANT_SIGNATURE_INVALID'
  | 'GRANT_KEY_UNKNOWN'
  | 'GRANT_KEY_RETIRED'
  | 'RECEIPT_OTHER_GRANT'
  | 'RECEIPT_SIGNATURE_INVALID'
  | 'RECEIPT_SIGNER_WRONG'
  | 'OVER_CAP'
  | 'SUPERSEDED_BY_BETTER'
  | 'EPOCH_SETTLED_BY_CLAIM';

export type FaultValues = Readonly<Record<string, string | number | bigint>>;

/** A receipt that does not count, and the rule it breaks. */
export interface ReceiptFault {
  readonly code: ReceiptFaultCode;
  readonly values: FaultValues;
}

/** A receipt as far as its own two signatures say. */
export interface CheckedReceipt {
  /** Undefined when not even the grant could be decoded. */
  readonly grantHash: Hex | undefined;
  readonly node: Address | undefined;
  readonly epoch: number;
  readonly bytes: bigint;
  /** Undefined for a good one. */
  readonly fault: ReceiptFault | undefined;
}

/** What receipts are checked against: all of it plain data, so that a worker can be given it. */
export interface ReceiptRules {
  readonly domain: Domain;
  readonly dealId: DealId;
  readonly contentRoot: ContentRoot;
  readonly grantKeys: readonly DealKey[];
  /** Nodes to which the deal ever allocated money. */
  readonly nodes: ReadonlySet<Address>;
  /** Whether the deal pays peers, which have no allocation. */
  readonly hasPeerPool: boolean;
}

/** Checks one receipt with its grant, by the rules that the contract has for a claim. Never throws for what is in it. */
export function checkReceipt(record: Uint8Array, rules: ReceiptRules, secp256k1: Secp256k1): CheckedReceipt {
  const pair = decoded(record);
  if ('code' in pair) {
    return { grantHash: undefined, node: undefined, epoch: 0, bytes: 0n, fault: pair };
  }
  const { signedGrant, signedReceipt } = pair;
  const { grant } = signedGrant;
  const digest = grantDigest(rules.domain, grant);
  const grantHash = bytesToHex(digest);
  const { bytesCumulative } = signedReceipt.receipt;
  return {
    ...{ grantHash, node: grant.node, epoch: grant.epoch, bytes: bytesCumulative },
    fault:
      placeFault(signedGrant, rules) ??
      termsFault(pair, grantHash) ??
      grantKeyFault(signedGrant, signerOf(secp256k1, digest, signedGrant.signature), rules.grantKeys) ??
      viewerFault(
        pair,
        signerOf(secp256k1, receiptDigest(rules.domain, signedReceipt.receipt), signedReceipt.signature),
      ),
  };
}

interface DecodedPair {
  readonly signedGrant: SignedGrant;
  readonly signedReceipt: SignedReceipt;
}

function decoded(record: Uint8Array): DecodedPair | ReceiptFault {
  try {
    return {
      signedGrant: decodeSignedGrant(record.subarray(0, SIGNED_GRANT_BYTES)),
      signedReceipt: decodeSignedReceipt(record.subarray(SIGNED_GRANT_BYTES, RECEIPT_WITH_GRANT_BYTES)),
    };
  } catch (failure) {
    if (!(failure instanceof ProtocolError)) throw failure;
    return { code: 'RECORD_MALFORMED', values: { reason: failure.code } };
  }
}

/** Deal, content and node, which need no signature to be wrong. */
function placeFault({ grant }: SignedGrant, rules: ReceiptRules): ReceiptFault | undefined {
  if (grant.dealId !== rules.dealId)
    return { code: 'OTHER_DEAL', values: { expected: rules.dealId, actual: grant.dealId } };
  if (grant.contentRoot !== rules.contentRoot)
    return { code: 'OTHER_CONTENT', values: { expected: rules.contentRoot, actual: grant.contentRoot } };
  if (rules.nodes.has(grant.node) || rules.hasPeerPool) return undefined;
  return { code: 'NODE_NOT_ALLOCATED', values: { node: grant.node } };
}

function termsFault({ signedGrant, signedReceipt }: DecodedPair, grantHash: Hex): ReceiptFault | undefined {
  const { receipt } = signedReceipt;
  const { capBytes } = signedGrant.grant;
  if (receipt.grantHash !== grantHash)
    return { code: 'RECEIPT_OTHER_GRANT', values: { expected: grantHash, actual: receipt.grantHash } };
  if (receipt.bytesCumulative > capBytes)
    return { code: 'OVER_CAP', values: { capBytes, bytesCumulative: receipt.bytesCumulative } };
  return undefined;
}

/** @param signer undefined for a signature that nobody can have made */
function grantKeyFault(
  { grant }: SignedGrant,
  signer: Address | undefined,
  keys: readonly DealKey[],
): ReceiptFault | undefined {
  if (signer === undefined) return { code: 'GRANT_SIGNATURE_INVALID', values: {} };
  const named = keys.filter(({ address }) => address === signer);
  if (named.some(({ lastEpoch }) => lastEpoch === undefined || grant.epoch <= lastEpoch)) return undefined;
  const [newest] = named;
  if (newest?.lastEpoch === undefined) return { code: 'GRANT_KEY_UNKNOWN', values: { signer } };
  return { code: 'GRANT_KEY_RETIRED', values: { signer, epoch: grant.epoch, lastEpoch: newest.lastEpoch } };
}

function viewerFault({ signedGrant }: DecodedPair, signer: Address | undefined): ReceiptFault | undefined {
  const { viewerKey } = signedGrant.grant;
  if (signer === undefined) return { code: 'RECEIPT_SIGNATURE_INVALID', values: {} };
  return signer === viewerKey
    ? undefined
    : { code: 'RECEIPT_SIGNER_WRONG', values: { expected: viewerKey, actual: signer } };
}
