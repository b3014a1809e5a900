import { MAX_UINT128 } from '../../sdk/protocol/limits.ts';
import { parseTokens } from '../app/config/units.ts';
import { NodeError } from '../app/node-error.ts';

/** Reads an amount of tokens that was given as an argument. @throws NodeError SETTING_INVALID */
export function amountOf(text: string, what: string): bigint {
  const wei = parseTokens(text);
  if (wei !== undefined && wei <= MAX_UINT128) return wei;
  throw new NodeError('SETTING_INVALID', {
    message: `${what} must be an amount with its unit, such as 2.5BCDN or 700wei; it is "${text.slice(0, 80)}".`,
    remedy: `Give ${what} with BCDN or wei after the number.`,
    values: { setting: what, given: text.slice(0, 80) },
  });
}
