import { Option, type Command } from 'commander';
import { formatTokens } from '../app/config/units.ts';
import { askNode } from '../app/control/control-client.ts';
import { withdrawDocument, withdrawPreviewDocument } from '../app/control/documents.ts';
import { NodeError } from '../app/node-error.ts';
import { amountOf } from './amount.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { requireConfirmation } from './prompt.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

const PREVIEW_TIMEOUT_MS = 30_000;
const WITHDRAW_TIMEOUT_MS = 180_000;

interface WithdrawOptions extends PlaceOptions {
  readonly amountWei?: string;
  readonly to?: string;
  readonly yes?: boolean;
}

export function describeWithdraw(command: Command): Command {
  return addPlaceOptions(command)
    .argument('[amount]', 'how much, with its unit: 2.5BCDN or 700wei; all of it by default')
    .description('send earned tokens from the operator account to the payout address')
    .addOption(new Option('--amount-wei <wei>', 'how much, in wei; the same as an amount'))
    .addOption(new Option('--to <address>', 'another address than the payout address'))
    .addOption(new Option('--yes', 'do not ask for confirmation'))
    .addHelpText(
      'after',
      `
Shows the sum and the address first. The node has to run: its key is open.

Examples:
  $ bcdn-node withdraw
  $ bcdn-node withdraw 2.5BCDN
  $ bcdn-node withdraw 1BCDN --yes --json | jq .transaction`,
    );
}

/** Sends tokens through the running node, whose key is open. */
export async function runWithdraw(
  options: WithdrawOptions,
  terminal: Terminal,
  [amount]: readonly string[],
): Promise<ExitCode> {
  requireShape(options.to, /^0x[0-9a-fA-F]{40}$/, '--to');
  const wish = {
    ...amountWish(options, amount),
    ...(options.to === undefined ? {} : { to: options.to }),
  };
  const call = { socket: dataDirOf(options).controlSocket, answer: withdrawPreviewDocument };
  const sum = await askNode({
    ...call,
    path: '/withdraw/preview',
    body: wish,
    timeoutMs: PREVIEW_TIMEOUT_MS,
  });
  const words = `${formatTokens(BigInt(sum.amountWei))} of ${formatTokens(BigInt(sum.haveWei))} in the operator account to ${sum.to}`;
  terminal.say(`This sends ${words}.`);
  await requireConfirmation(options.yes, terminal, {
    question: 'Send it?',
    refusal: 'Nothing was sent: it was not confirmed.',
  });
  // What was confirmed is sent, though more has come in meanwhile.
  const result = await askNode({
    socket: call.socket,
    path: '/withdraw',
    body: { amountWei: sum.amountWei, to: sum.to },
    answer: withdrawDocument,
    timeoutMs: WITHDRAW_TIMEOUT_MS,
  });
  terminal.document('withdraw', result);
  terminal.data(`Sent ${formatTokens(BigInt(result.amountWei))} to ${result.to} (${result.transaction})`);
  return EXIT.fine;
}

/** How much is asked for; nothing where it is all. @throws NodeError SETTING_INVALID */
function amountWish(
  { amountWei }: WithdrawOptions,
  amount: string | undefined,
): { readonly amountWei?: string } {
  requireShape(amountWei, /^[1-9]\d{0,38}$/, '--amount-wei');
  if (amount === undefined) return amountWei === undefined ? {} : { amountWei };
  if (amountWei === undefined) return { amountWei: amountOf(amount, 'amount').toString() };
  throw new NodeError('SETTING_INVALID', {
    message: 'The amount is given twice: as an argument and by --amount-wei.',
    remedy: 'Leave one of them out.',
    values: { flag: '--amount-wei', given: amountWei },
  });
}

function requireShape(text: string | undefined, shape: RegExp, flag: string): void {
  if (text === undefined || shape.test(text)) return;
  throw new NodeError('SETTING_INVALID', {
    message: `${flag} is not usable: "${text.slice(0, 80)}".`,
    remedy: `Correct ${flag}; \`bcdn-node withdraw --help\` has examples.`,
    values: { flag, given: text.slice(0, 80) },
  });
}
