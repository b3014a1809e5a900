import { hash } from 'node:crypto';

import { grantHashOf, type SignedGrant } from '../../../../sdk/protocol/grant.ts';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type GrantHash,
} from '../../../../sdk/protocol/identifiers.ts';
import type { SignedReceipt } from '../../../../sdk/protocol/receipt.ts';

export const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);
export const OTHER_DEAL = parseDealId(`0x${'d2'.repeat(32)}`);
const DOMAIN = { chainId: 1n, verifyingContract: parseAddress(`0x${'aa'.repeat(20)}`) };

export interface NumberedGrant {
  readonly grantHash: GrantHash;
  readonly signedGrant: SignedGrant;
}

/** The journal stores what was verified before: signatures need not be good here, only of the right length. */
export function grantNumber(
  number: number,
  changes: { epoch?: number; dealId?: typeof DEAL } = {},
): NumberedGrant {
  const seed = hash('sha256', `viewer ${number}`, 'buffer');
  const grant = {
    dealId: changes.dealId ?? DEAL,
    node: parseAddress(`0x${'11'.repeat(20)}`),
    viewerKey: parseAddress(bytesToHex(seed.subarray(0, 20))),
    epoch: parseEpoch(changes.epoch ?? 10),
    capBytes: 1n << 40n,
    contentRoot: parseContentRoot(`0x${'cc'.repeat(32)}`),
  };
  return {
    grantHash: grantHashOf(DOMAIN, grant),
    signedGrant: { grant, signature: hash('sha512', seed, 'buffer') },
  };
}

export function receiptFor({ grantHash }: NumberedGrant, bytes: number): SignedReceipt {
  return {
    receipt: { grantHash, bytesCumulative: BigInt(bytes) },
    signature: hash('sha512', `${grantHash} ${bytes}`, 'buffer'),
  };
}
