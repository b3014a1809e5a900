import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

import { InvalidArgumentError, Option } from 'commander';

import { AuditError } from '../../audit/audit-error.ts';
import { linesOf } from '../../audit/audit-file.ts';
import { MAX_WORKERS } from '../../audit/audit-limits.ts';
import { audit } from '../../audit/audit.ts';
import type { AuditReport } from '../../audit/report.ts';
import { verifyPagesInWorkers } from '../../audit/verify-pages-in-workers.ts';
import { verifyPagesHere } from '../../audit/verify-pages.ts';
import { nativeSecp256k1 as secp256k1 } from '../../signing/native-secp256k1.ts';
import { CliError } from '../cli-error.ts';
import type { AddCommand } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { mark, toJson, type Terminal } from '../terminal.ts';
import { addAuditDownload } from './audit-download-command.ts';
import { auditText } from './audit-text.ts';
import { openTrustedChain } from './trusted-chain.ts';

interface AuditFlags {
  readonly json?: boolean;
  readonly rpc?: string;
  readonly rejected?: string;
  readonly workers: number;
}

/** `bcdn audit FILE`, and `bcdn audit download`. */
export const addAudit: AddCommand = (program, perform) => {
  const command = program
    .command('audit')
    .description('recompute the bill of a deal from its receipts, offline, to the last unit')
    .argument('[file]', 'audit file, as bcdn audit download writes it')
    .exitOverride()
    .addOption(new Option('--json', 'print one JSON document on stdout; amounts are strings, in wei'))
    .addOption(new Option('--rpc <url>', 'take the events from this chain in the place of those in the file'))
    .addOption(
      new Option('--rejected <file>', 'write every receipt that does not count, one JSON object a line'),
    )
    .addOption(
      new Option('--workers <count>', 'verify in this many threads; 0: in none of its own')
        .argParser(workersOf)
        .default(0),
    )
    .addHelpText('after', HELP);
  command.action(async (file: string | undefined, flags: AuditFlags) => {
    await perform('audit', flags, (terminal) => runAudit(file, flags, terminal));
  });
  addAuditDownload(command, perform);
};

const HELP = `
A receipt counts if the grant key of the deal that was good for its epoch signed its grant, the viewer that the grant
names signed the receipt, it is within the cap, and no better one of the same grant is there. What counts is priced
as the contract does and held against the vouchers and against every payment on chain.

Exit code: 0 the bill agrees, 1 it differs, 2 wrong use, 3 failed, 4 a marketplace or chain did not answer.

Examples:
  $ bcdn audit download --deal 0x… --marketplace https://market.example \\
      --keystore publisher.json --password-file password --out march.audit
  $ bcdn audit march.audit
  $ bcdn audit march.audit --json | jq '.nodes[] | {node, billedWei, recomputedWei}'
  $ bcdn audit march.audit --rpc http://127.0.0.1:8545 --rejected rejected.ndjson`;

async function runAudit(file: string | undefined, flags: AuditFlags, terminal: Terminal): Promise<ExitCode> {
  if (file === undefined) {
    throw new CliError('OPTION_MISSING', 'The audit file is missing.', {
      remedy: 'Give the file that bcdn audit download wrote.',
    });
  }
  const chain = flags.rpc === undefined ? undefined : openTrustedChain(flags.rpc);
  const rejected = flags.rejected === undefined ? undefined : await open(flags.rejected, 'w', 0o600);
  const rejectedStream = rejected?.createWriteStream();
  const verifyPages = flags.workers === 0 ? verifyPagesHere : verifyPagesInWorkers(flags.workers);
  try {
    const report = await audit(
      linesOf(readableFile(file)),
      { secp256k1, verifyPages },
      {
        ...(chain !== undefined && { trustedEvents: chain.events }),
        ...(rejectedStream !== undefined && {
          onRejected: (receipt) => void rejectedStream.write(`${toJson(receipt)}\n`),
        }),
        onProgress: (receipts) => {
          terminal.say(`${receipts} receipts verified`);
        },
      },
    );
    return tell(report, terminal);
  } finally {
    await new Promise<void>((resolve) =>
      rejectedStream === undefined ? resolve() : rejectedStream.end(resolve),
    );
    await rejected?.close();
    chain?.close();
  }
}

function tell(report: AuditReport, terminal: Terminal): ExitCode {
  terminal.document('audit', { ...report });
  for (const line of auditText(report)) terminal.data(line);
  terminal.say(
    report.agrees ? `${mark('✓', '32')} The bill agrees.` : `${mark('✗', '31')} The bill differs.`,
  );
  return report.agrees ? EXIT.fine : EXIT.differs;
}

/** @throws AuditError AUDIT_FILE_UNREADABLE, while it is read */
async function* readableFile(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
    throw new AuditError('AUDIT_FILE_UNREADABLE', `${file} cannot be read.`, {
      values: { file },
      remedy: 'Check the path and that you may read the file.',
      cause,
    });
  }
}

function workersOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= MAX_WORKERS) return count;
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${MAX_WORKERS}.`);
}
