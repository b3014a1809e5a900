import { transferTokens } from '../../../sdk/chain/tokens.ts';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import type { WithdrawDocument, WithdrawPreviewDocument } from '../control/documents.ts';
import { formatTokens } from '../config/units.ts';
import { NodeError } from '../node-error.ts';
import type { ChainAccount } from './chain-account.ts';

/** What is to be sent where. */
export interface WithdrawWish {
  /** Undefined for all that the account holds. */
  readonly amountWei?: string | undefined;
  /** Undefined for the payout address. */
  readonly to?: string | undefined;
}

/** What a withdrawal would send, from what, and where to. @throws NodeError NOTHING_TO_WITHDRAW; ChainError CHAIN_UNREACHABLE */
export async function withdrawalPreview(
  { reader, node }: Pick<ChainAccount, 'reader' | 'node'>,
  wish: WithdrawWish,
  payout: Address,
): Promise<WithdrawPreviewDocument> {
  const haveWei = await reader.tokenBalanceWei(node);
  const amountWei = wish.amountWei === undefined ? haveWei : BigInt(wish.amountWei);
  if (amountWei <= 0n || amountWei > haveWei) {
    throw new NodeError('NOTHING_TO_WITHDRAW', {
      message:
        haveWei === 0n
          ? `The operator account ${node} holds no tokens.`
          : `You asked for ${formatTokens(amountWei)}, the operator account ${node} holds ${formatTokens(haveWei)}.`,
      remedy: 'Run `bcdn-node earnings` to see what is due, and `bcdn-node settle` to be paid.',
      values: { haveWei: haveWei.toString(), askedWei: amountWei.toString() },
    });
  }
  const to = wish.to === undefined ? payout : parseAddress(wish.to);
  return { to, amountWei: amountWei.toString(), haveWei: haveWei.toString() };
}

/** Sends it. @throws NodeError NOTHING_TO_WITHDRAW; ChainError */
export async function withdraw(
  account: ChainAccount,
  {
    wish,
    payout,
    signal,
  }: { readonly wish: WithdrawWish; readonly payout: Address; readonly signal: AbortSignal },
): Promise<WithdrawDocument> {
  const { to, amountWei, haveWei } = await withdrawalPreview(account, wish, payout);
  const { hash } = await transferTokens(account.sender, parseAddress(to), BigInt(amountWei), signal);
  const remainingWei = (BigInt(haveWei) - BigInt(amountWei)).toString();
  return { to, amountWei, remainingWei, transaction: hash };
}
