import { Command, Option } from 'commander';

import { copyDatabase } from './database/copy-database.ts';
import { parsePostgresUrl } from './database/postgres-address.ts';
import { describeFailure, MarketplaceError } from './errors.ts';

interface CopyFlags {
  readonly from: string;
  readonly to: string;
  readonly json: boolean;
}

/** `copy-database`: moves the ledger of a marketplace from SQLite to PostgreSQL. */
export function copyCommand(): Command {
  return new Command('copy-database')
    .description(
      'Copies the SQLite database of a stopped marketplace into an empty PostgreSQL database. The old one is kept.',
    )
    .requiredOption('--from <dir>', 'data directory of the marketplace')
    .addOption(
      new Option('--to <url>', 'postgres://user:password@host:port/database')
        .env('BCDN_DATABASE_URL')
        .makeOptionMandatory(),
    )
    .option('--json', 'print one line of JSON on stdout', false)
    .action((flags: CopyFlags) => run(flags));
}

async function run({ from, to, json }: CopyFlags): Promise<void> {
  try {
    const copied = Object.fromEntries(await copyDatabase({ from, to }));
    process.stdout.write(
      json ? `${JSON.stringify({ event: 'copied', rows: copied })}\n` : sentences(copied, { from, to }),
    );
  } catch (failure) {
    process.stderr.write(`${describeFailure(failure)}${evidenceOf(failure)}\n`);
    process.exitCode = 1;
  }
}

function evidenceOf(failure: unknown): string {
  if (!(failure instanceof MarketplaceError)) return '';
  const where = failure.values['where'];
  return `${where === undefined ? '' : ` (${where})`} → ${failure.remedy}`;
}

function sentences(
  copied: Readonly<Record<string, number>>,
  { from, to }: { from: string; to: string },
): string {
  const tables = Object.entries(copied).map(([table, rows]) => `  ${table}: ${rows}`);
  return [
    `Copied to ${parsePostgresUrl(to).text}, rows of each table:`,
    ...tables,
    `Start the marketplace with --database-url (or BCDN_DATABASE_URL) and the same --data-dir ${from}: its secret.key`,
    'is still needed. Never start it without the URL again: there is one ledger, and the old one is behind from now on.',
    '',
  ].join('\n');
}
