import { Option, type Command } from 'commander';
import { formatTokens } from '../app/config/units.ts';
import { askNode } from '../app/control/control-client.ts';
import { withdrawDocument } from '../app/control/documents.ts';
import { NodeError } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { requireConfirmation } from './prompt.ts';
import type { Terminal } from './terminal.ts';

const WITHDRAW_TIMEOUT_MS = 180_000;

interface WithdrawOptions extends PlaceOptions {
  readonly amountWei?: string;
  readonly to?: string;
  readonly yes?: boolean;
}

export function describeWithdraw(command: Command): Command {
  return addPlaceOptions(command)
    .description('send earned tokens from the operator account to the payout address')
    .addOption(new Option('--amount-wei <wei>', 'how much; all of it by default'))
    .addOption(new Option('--to <address>', 'another address than the payout address'))
    .addOption(new Option('--yes', 'do not ask for confirmation'))
    .addHelpText(
      'after',
      `
Examples:
  $ bcdn-node withdraw
  $ bcdn-node withdraw --amount-wei 1000000000000000000 --yes --json`,
    );
}

/** Sends tokens through the running node, whose key is open. */
export async function runWithdraw(options: WithdrawOptions, terminal: Terminal): Promise<ExitCode> {
  requireShape(options.amountWei, /^[1-9]\d{0,38}$/, '--amount-wei');
  requireShape(options.to, /^0x[0-9a-fA-F]{40}$/, '--to');
  const what =
    options.amountWei === undefined ? 'All tokens of the operator account' : `${options.amountWei} wei`;
  await requireConfirmation(options.yes, terminal, {
    question: `${what} to ${options.to ?? 'the payout address'}?`,
    refusal: 'Nothing was sent: it was not confirmed.',
  });
  const result = await askNode({
    socket: dataDirOf(options).controlSocket,
    path: '/withdraw',
    body: {
      ...(options.amountWei === undefined ? {} : { amountWei: options.amountWei }),
      ...(options.to === undefined ? {} : { to: options.to }),
    },
    answer: withdrawDocument,
    timeoutMs: WITHDRAW_TIMEOUT_MS,
  });
  terminal.document('withdraw', result);
  terminal.data(`Sent ${formatTokens(BigInt(result.amountWei))} to ${result.to} (${result.transaction})`);
  return EXIT.fine;
}

function requireShape(text: string | undefined, shape: RegExp, flag: string): void {
  if (text === undefined || shape.test(text)) return;
  throw new NodeError('SETTING_INVALID', {
    message: `${flag} is not usable: "${text.slice(0, 80)}".`,
    remedy: `Correct ${flag}; \`bcdn-node withdraw --help\` has examples.`,
    values: { flag, given: text.slice(0, 80) },
  });
}
