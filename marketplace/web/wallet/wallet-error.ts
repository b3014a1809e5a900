/** Every failure of a wallet. Codes are listed once, are stable, and are never reused. */
export type WalletErrorCode =
  | 'WALLET_REJECTED'
  | 'WALLET_LOCKED'
  | 'WALLET_WRONG_CHAIN'
  | 'WALLET_CHAIN_UNKNOWN'
  | 'WALLET_BUSY'
  | 'WALLET_GONE'
  | 'WALLET_FAILED'
  | 'WALLET_ANSWER_INVALID'
  | 'TRANSACTION_REFUSED'
  | 'TRANSACTION_REVERTED'
  | 'BURNER_UNAVAILABLE'
  | 'BURNER_KEY_INVALID';

export type WalletErrorValues = Readonly<Record<string, string | number | boolean>>;

interface Details {
  readonly values?: WalletErrorValues;
  readonly cause?: unknown;
}

/** What to do about each, in one sentence. */
const REMEDIES: Readonly<Record<WalletErrorCode, string>> = {
  WALLET_REJECTED: 'Nothing was signed or sent. Start again when you are ready to confirm in the wallet.',
  WALLET_LOCKED: 'Open the wallet, unlock it, and allow this page to see an account.',
  WALLET_WRONG_CHAIN: 'Change the chain in the wallet; the button does it for you.',
  WALLET_CHAIN_UNKNOWN: 'Add the chain to the wallet; the button does it for you.',
  WALLET_BUSY: 'The wallet still waits for an answer to an earlier question: open it and answer that one.',
  WALLET_GONE: 'Check that the wallet is installed and switched on, then connect it again.',
  WALLET_FAILED: 'Look into the wallet, which may say more, and try again.',
  WALLET_ANSWER_INVALID: 'Try again; if it stays so, use another wallet and tell its makers.',
  TRANSACTION_REFUSED: 'Nothing was sent. Check the balance of the account, then try again.',
  TRANSACTION_REVERTED: 'Nothing was changed but the gas is spent. Reload the page to see how things stand.',
  BURNER_UNAVAILABLE: 'Connect a wallet instead: accounts made by a page exist on development chains only.',
  BURNER_KEY_INVALID: 'Paste the key as it was shown: 0x and 64 hexadecimal digits.',
};

/** A wallet that did not do what it was asked. Programs match on `code`, people read message and remedy. */
export class WalletError extends Error {
  readonly code: WalletErrorCode;
  readonly values: WalletErrorValues;
  readonly remedy: string;

  constructor(code: WalletErrorCode, message: string, { values = {}, cause }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WalletError';
    this.code = code;
    this.values = values;
    this.remedy = REMEDIES[code];
  }
}
