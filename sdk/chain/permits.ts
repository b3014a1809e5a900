import { Signature } from 'ethers';

import type { Hex } from '../protocol/bytes.ts';
import type { Address } from '../protocol/identifiers.ts';
import { connectContracts } from './contracts.ts';
import type { Deployment } from './deployment.ts';
import { fromChain } from './reverts.ts';
import type { TransactionSender } from './transactions.ts';

/** How long a permit stays good after the latest block, seconds. */
export const PERMIT_LIFETIME_SECONDS = 3_600;

const PERMIT_TYPES = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
};

/** An approval by signature (ERC-2612). */
export interface Permit {
  /** Last second at which it is good, seconds since 1970. */
  readonly deadline: bigint;
  readonly v: number;
  readonly r: Hex;
  readonly s: Hex;
}

/** Signs a permit of the sender's tokens for one contract. @throws ChainError CHAIN_UNREACHABLE */
export async function signPermit(
  sender: TransactionSender,
  spender: Address,
  valueWei: bigint,
): Promise<Permit> {
  const { provider, deployment, wallet } = sender;
  const { token } = connectContracts(provider, deployment);
  const [nonce, block] = await Promise.all([
    fromChain(token.nonces(sender.address)),
    fromChain(provider.getBlock('latest')),
  ]);
  const deadline = BigInt((block?.timestamp ?? 0) + PERMIT_LIFETIME_SECONDS);
  const { domain, types, value } = permitToSign(deployment, {
    ...{ owner: sender.address, spender, valueWei, nonce, deadline },
  });
  return permitOf(await wallet.signTypedData(domain, types, value), deadline);
}

/** What an owner of tokens signs (ERC-2612), as EIP-712 has it. */
export function permitToSign(
  deployment: Deployment,
  permit: {
    readonly owner: Address;
    readonly spender: Address;
    readonly valueWei: bigint;
    /** Of the token for this owner. */
    readonly nonce: bigint;
    /** Seconds since 1970. */
    readonly deadline: bigint;
  },
) {
  const { chainId, token: verifyingContract } = deployment;
  const { valueWei, ...value } = permit;
  return {
    domain: { name: 'BCDN', version: '1', chainId, verifyingContract },
    types: PERMIT_TYPES,
    value: { ...value, value: valueWei },
  };
}

/** A signature over `permitToSign` as contracts take it. */
export function permitOf(signature: string, deadline: bigint): Permit {
  const { v, r, s } = Signature.from(signature);
  return { deadline, v, r: r as Hex, s: s as Hex };
}
