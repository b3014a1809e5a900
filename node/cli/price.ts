import { Option, type Command } from 'commander';
import { formatTokens } from '../app/config/units.ts';
import { settingDescriptions, variableOf } from '../app/config/settings.ts';
import { priceDocument, type PriceDocument } from '../app/control/account-documents.ts';
import { readAccount, sendFromAccount } from './account-call.ts';
import { amountOf } from './amount.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPasswordOption, addPlaceOptions, type PlaceOptions } from './place.ts';
import { requireConfirmation } from './prompt.ts';
import { mark, type Terminal } from '../../sdk/cli/terminal.ts';

/** The chain's code, loaded only where there is no node to ask. */
const own = () => import('../app/operator-account/price.ts');

interface PriceOptions extends PlaceOptions {
  readonly yes?: boolean;
}

export function describePrice(command: Command): Command {
  addPasswordOption(addPlaceOptions(command));
  return command
    .argument('[rate]', 'lowest price for a delivered GiB, with its unit: 0.5BCDN or 700wei')
    .description('show what the node asks and what others ask, or ask another price')
    .addOption(new Option('--yes', 'do not ask for confirmation'))
    .addHelpText(
      'after',
      `
A new price is set on chain and written to the configuration file. Deals that are open keep their rates. Works with the
node running or stopped.

Examples:
  $ bcdn-node price
  $ bcdn-node price 0.25BCDN
  $ bcdn-node price 0.25BCDN --yes --json | jq .market`,
    );
}

/** Shows or changes the price. */
export async function runPrice(
  options: PriceOptions,
  terminal: Terminal,
  [rate]: readonly string[],
): Promise<ExitCode> {
  const call = { path: '/price', answer: priceDocument } as const;
  const askWeiPerGib = rate === undefined ? undefined : amountOf(rate, 'rate');
  if (askWeiPerGib !== undefined) {
    await requireConfirmation(options.yes, terminal, {
      question: `Ask ${formatTokens(askWeiPerGib)} a GiB from now on?`,
      refusal: 'Nothing was changed: it was not confirmed.',
    });
  }
  const price =
    askWeiPerGib === undefined
      ? await readAccount(options, { ...call, body: {} }, async (account, config) =>
          (await own()).priceStanding(account, config),
        )
      : await sendFromAccount(
          { options, terminal },
          { ...call, body: { askWeiPerGib: askWeiPerGib.toString() } },
          async (account, config) => (await own()).changePrice(account, config, { askWeiPerGib }),
        );
  terminal.document('price', price);
  for (const line of priceLines(price)) terminal.data(line);
  const { environment, flag } = settingDescriptions.askWeiPerGib;
  if (askWeiPerGib !== undefined && variableOf(process.env, environment) !== undefined) {
    terminal.say(
      `${mark('!', '33')} ${environment} is set: the next start goes by it (or by ${flag}), not by the file.`,
    );
  }
  return EXIT.fine;
}

function priceLines({ askWeiPerGib, market, marketReason, transactions }: PriceDocument): string[] {
  const tokens = (wei: string): string => formatTokens(BigInt(wei));
  return [
    ...transactions.map((hash) => `Transaction: ${hash}`),
    askWeiPerGib === null
      ? 'Asks:   the node is not registered yet; it will ask what its configuration says'
      : `Asks:   ${tokens(askWeiPerGib)} a GiB`,
    market === null
      ? `Market: not known (${marketReason ?? 'no edge is active'})`
      : `Market: median ${tokens(market.medianWeiPerGib)}, from ${tokens(market.lowestWeiPerGib)} to ${tokens(market.highestWeiPerGib)}, of ${market.nodes} active edge(s)`,
  ];
}
