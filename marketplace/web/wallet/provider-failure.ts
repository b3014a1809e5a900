import { WalletError, type WalletErrorCode } from './wallet-error.ts';

/** Codes of EIP-1193, EIP-1474 and EIP-3085, and what they mean to a person. */
const MEANINGS: ReadonlyMap<number, readonly [code: WalletErrorCode, message: string]> = new Map([
  [4001, ['WALLET_REJECTED', 'You declined in the wallet.']],
  [4100, ['WALLET_LOCKED', 'The wallet is locked or has not allowed this page to see the account.']],
  [4900, ['WALLET_GONE', 'The wallet is not connected to any chain.']],
  [4901, ['WALLET_WRONG_CHAIN', 'The wallet is not connected to this chain.']],
  [4902, ['WALLET_CHAIN_UNKNOWN', 'The wallet does not know this chain.']],
  [-32_002, ['WALLET_BUSY', 'The wallet still has a question open.']],
  [-32_000, ['TRANSACTION_REFUSED', 'The chain would not take the transaction.']],
  [-32_003, ['TRANSACTION_REFUSED', 'The chain would not take the transaction.']],
]);
/** Longest part of a wallet's own words that is shown. */
const MAX_REASON_LENGTH = 300;
/** Wallets wrap the failure of the chain; deeper than this nobody looks. */
const MAX_DEPTH = 3;

/** What a wallet's failure means: its code where it is a known one, its words as evidence. */
export function providerFailure(failure: unknown, method: string): WalletError {
  if (failure instanceof WalletError) return failure;
  const code = codeOf(failure, MAX_DEPTH);
  const meaning = code === undefined ? undefined : MEANINGS.get(code);
  const reason = messageOf(failure);
  const [walletCode, message] = meaning ?? ['WALLET_FAILED', 'The wallet could not do it.'];
  return new WalletError(
    walletCode,
    reason === '' || meaning?.[0] === 'WALLET_REJECTED' ? message : `${message} It says: ${reason}`,
    {
      values: { method, reason, ...(code !== undefined && { providerCode: code }) },
      cause: failure,
    },
  );
}

function codeOf(failure: unknown, depth: number): number | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  const code: unknown = Reflect.get(failure, 'code');
  if (typeof code === 'number' && MEANINGS.has(code)) return code;
  if (depth === 0) return undefined;
  const inner = ['data', 'originalError', 'cause'].map((name) =>
    codeOf(Reflect.get(failure, name), depth - 1),
  );
  return inner.find((one) => one !== undefined) ?? (typeof code === 'number' ? code : undefined);
}

function messageOf(failure: unknown): string {
  const message: unknown =
    typeof failure === 'object' && failure !== null ? Reflect.get(failure, 'message') : '';
  return typeof message === 'string' ? message.slice(0, MAX_REASON_LENGTH) : '';
}
