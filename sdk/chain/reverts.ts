import { isCallException, isError, type ErrorDescription } from 'ethers';

import { ChainError, type ChainErrorValue } from './chain-errors.ts';
import { claimsInterface, marketInterface, registryInterface, tokenInterface } from './contracts.ts';
import { errorNotices } from './generated/notices.ts';

/** Codes with which a connection fails, of the system and of ethers. */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'TIMEOUT',
  'SERVER_ERROR',
  'NETWORK_ERROR',
]);

/** How chain nodes say it when ethers does not recognise it. */
const GAS_UNPAYABLE = /insufficient funds|doesn't have enough funds/i;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** Longest text of a foreign error that is quoted, characters. */
const MAX_QUOTE_LENGTH = 200;

/** Sentences for refusals of the token library, which documents none. */
const TOKEN_NOTICES: Readonly<Record<string, string>> = {
  ERC20InsufficientBalance: 'The sender holds fewer tokens than this needs.',
  ERC20InsufficientAllowance: 'The sender has approved fewer tokens than this needs.',
  ERC20InvalidReceiver: 'Tokens cannot be sent to this address.',
  ERC2612ExpiredSignature: 'The permit has expired.',
  ERC2612InvalidSigner: 'The permit was not signed by the owner of the tokens.',
};

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > MAX_QUOTE_LENGTH ? `${text.slice(0, MAX_QUOTE_LENGTH)}…` : text;
}

/** Whether the request never got an answer, so that its outcome is unknown. */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof ChainError) return error.code === 'CHAIN_UNREACHABLE';
  const code = codeOf(error);
  return code !== undefined && CONNECTION_CODES.has(code);
}

function plain(value: unknown): ChainErrorValue {
  if (typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'number') return value;
  const text = String(value);
  return ADDRESS.test(text) ? text.toLowerCase() : text;
}

function describe(description: ErrorDescription): ChainError {
  const values: Record<string, ChainErrorValue> = { error: description.name };
  for (const [index, input] of description.fragment.inputs.entries()) {
    values[input.name] = plain(description.args[index]);
  }
  const sentence =
    errorNotices[description.name] ??
    TOKEN_NOTICES[description.name] ??
    'The contract refused without a sentence.';
  const facts = Object.entries(values)
    .filter(([name]) => name !== 'error')
    .map(([name, value]) => `${name} ${value.toString()}`);
  const detail = facts.length === 0 ? '' : `: ${facts.join(', ')}`;
  return new ChainError('CHAIN_REVERTED', `${sentence} (${description.name}${detail})`, values);
}

/** Decodes the data of a revert; unknown data gives an error named "unknown". */
export function decodeRevert(data: string): ChainError {
  for (const face of [marketInterface, claimsInterface, registryInterface, tokenInterface]) {
    const description = data.length >= 10 ? face.parseError(data) : null;
    if (description !== null) return describe(description);
  }
  return new ChainError('CHAIN_REVERTED', 'The contract refused without saying why.', {
    error: 'unknown',
    data,
  });
}

/**
 * Turns whatever ethers throws into a ChainError.
 *
 * @param url the endpoint that was asked, for the sentence when it does not answer.
 */
export function toChainError(error: unknown, url = 'the configured endpoint'): ChainError {
  if (error instanceof ChainError) return error;
  if (isConnectionFailure(error)) {
    return new ChainError(
      'CHAIN_UNREACHABLE',
      `The chain at ${url} does not answer (${codeOf(error) ?? ''}). Check that its node runs and that the URL is right.`,
      { url, remedy: 'Start the chain node or correct the URL of its JSON-RPC endpoint.' },
      { cause: error },
    );
  }
  if (isCallException(error)) return decodeRevert(error.data ?? '0x');
  if (isError(error, 'INSUFFICIENT_FUNDS') || (error instanceof Error && GAS_UNPAYABLE.test(error.message))) {
    return new ChainError(
      'CHAIN_GAS_UNPAYABLE',
      'The sending account has too little ether to pay for gas.',
      { remedy: 'Send ether to the account.' },
      { cause: error },
    );
  }
  if (isError(error, 'BAD_DATA')) {
    return new ChainError(
      'CHAIN_ANSWER_INVALID',
      'The chain gave an answer that does not fit: probably the contracts are not deployed at these addresses.',
      { reason: messageOf(error) },
      { cause: error },
    );
  }
  const reason = messageOf(error);
  return new ChainError(
    'CHAIN_REFUSED',
    `The chain refused the request: ${reason}`,
    { reason },
    { cause: error },
  );
}

/** Awaits an answer of the chain; failures become ChainErrors. */
export async function fromChain<T>(answer: Promise<T>, url?: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw toChainError(error, url);
  }
}
