import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Wallet } from './wallet.ts';
import { WalletError } from './wallet-error.ts';

/** `balanceOf(address)` of ERC-20. */
const BALANCE_OF = '0x70a08231';
const WORD = /^0x[0-9a-fA-F]{64}$/;

/** Tokens of a wallet's account, wei. @throws WalletError */
export async function readTokens(wallet: Wallet, token: string): Promise<bigint> {
  const data: Hex = `${BALANCE_OF}${wallet.address.slice(2).padStart(64, '0')}`;
  const answer = await wallet.call({ to: token, data });
  if (WORD.test(answer)) return BigInt(answer);
  throw new WalletError('WALLET_ANSWER_INVALID', 'The token contract of this marketplace does not answer.', {
    values: { token, chainId: wallet.chainId.toString() },
  });
}
