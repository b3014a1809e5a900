import { Signature } from 'ethers';

import type { Hex } from '../protocol/bytes.ts';
import type { Address } from '../protocol/identifiers.ts';
import { connectContracts } from './contracts.ts';
import { fromChain } from './reverts.ts';
import type { TransactionSender } from './transactions.ts';

/** How long a permit stays good after the latest block, seconds. */
const PERMIT_LIFETIME_SECONDS = 3_600;

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
  const domain = {
    name: 'BCDN',
    version: '1',
    chainId: deployment.chainId,
    verifyingContract: deployment.token,
  };
  const text = await wallet.signTypedData(domain, PERMIT_TYPES, {
    owner: sender.address,
    spender,
    value: valueWei,
    nonce,
    deadline,
  });
  const { v, r, s } = Signature.from(text);
  return { deadline, v, r: r as Hex, s: s as Hex };
}
