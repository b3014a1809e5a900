/**
 * Prints what operations cost.
 *
 * node scripts/gas/gas.ts [--json] [--write] [--check]
 *
 * --json prints a summary and all figures as JSON instead of the table; --write puts the table into contracts/GAS.md;
 * --check fails when a committed figure is off by more than 2 % or a goal is missed.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { REPOSITORY_ROOT } from '../deploy/hardhat-environment.ts';
import { measureClaimGas, type ClaimFigures } from './measure-claims.ts';
import { measureGas, type GasFigure } from './measure.ts';

/** How far a figure may be from the committed one, percent. */
const TOLERANCE_PERCENT = 2;
const TABLE = join(REPOSITORY_ROOT, 'contracts', 'GAS.md');

/** Samples of the goal of PAYMENT.md and of the production parameters. */
const GOAL_SAMPLES = 16;
const PRODUCTION_SAMPLES = 32;
const CLAIM_GOAL = 450_000;
const BYTES_PER_GB = 1e9;

const number = (value: number): string => value.toLocaleString('en-GB');

function tableOf(figures: readonly GasFigure[]): string {
  const rows = figures.map(({ operation, gas, goal }) => {
    const verdict = goal === undefined ? '' : `≤ ${number(goal)}`;
    return `| ${operation} | ${number(gas)} | ${verdict} |`;
  });
  return [
    '# Gas',
    '',
    'Whole transactions with the production parameters (fee 1 %), written by `npm run gas -- --write`.',
    'Goals are those of the payment design. Sampled claims are of 10,000 sessions of 64.5 MiB on average; those',
    'of the steady state are means of five, and the bond is approved without a limit.',
    '',
    '| operation | gas | goal |',
    '|---|---:|---:|',
    ...rows,
    '',
  ].join('\n');
}

/** The committed figures by operation. */
function parseTable(text: string): ReadonlyMap<string, number> {
  const committed = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^\| ([^|]+) \| ([0-9,]+) \|/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      committed.set(match[1], Number(match[2].replaceAll(',', '')));
    }
  }
  return committed;
}

function complaints(figures: readonly GasFigure[], committed: ReadonlyMap<string, number>): string[] {
  const found: string[] = [];
  for (const { operation, gas, goal } of figures) {
    const before = committed.get(operation);
    if (goal !== undefined && gas > goal) found.push(`${operation}: ${gas} gas, above the goal of ${goal}`);
    if (before === undefined) found.push(`${operation}: not in contracts/GAS.md`);
    else if (Math.abs(gas - before) * 100 > before * TOLERANCE_PERCENT) {
      found.push(`${operation}: ${gas} gas, contracts/GAS.md says ${before}`);
    }
  }
  const measured = new Set(figures.map(({ operation }) => operation));
  for (const operation of committed.keys()) {
    if (!measured.has(operation)) found.push(`${operation}: in contracts/GAS.md, but no longer measured`);
  }
  return found;
}

function claimRows(k: number, { first, steady, worst }: ClaimFigures): GasFigure[] {
  const name = `sampled claim of 10,000 sessions, k = ${k}`;
  const goal = k === GOAL_SAMPLES ? { goal: CLAIM_GOAL } : {};
  return [
    { operation: `${name}, the first of an allocation`, gas: first.total },
    { operation: `${name}, steady state: commit`, gas: steady.commit },
    { operation: `${name}, steady state: draw, open, pay`, gas: steady.open },
    { operation: `${name}, steady state: all steps`, gas: steady.total, ...goal },
    { operation: `${name}, steady state: dearest of 5`, gas: worst.total },
  ];
}

/** What the figures say about the payment design's table; a GB is 10^9 bytes. */
function summaryOf(figures: readonly GasFigure[], { first, steady, worst }: ClaimFigures): object {
  const gasOf = (operation: string): number =>
    figures.find((figure) => figure.operation === operation)?.gas ?? 0;
  const perReceipt = (gasOf('claimDirect, 100 receipts') - gasOf('claimDirect, 10 receipts')) / 90;
  const gigabytes = Number(steady.totalBytes) / BYTES_PER_GB;
  const perGB = (gas: number): number => Math.round((gas / gigabytes) * 10) / 10;
  return {
    voucher: gasOf('redeemVoucher, steady state'),
    voucherBatch10PerDeal: gasOf('redeemVouchers, per deal in a batch of 10'),
    directClaimPerReceipt: Math.round(perReceipt),
    sampledClaim: {
      sessions: steady.sessions,
      k: steady.k,
      total: steady.total,
      worst: worst.total,
      first: first.total,
    },
    openDeal: gasOf('openDeal'),
    allocate: gasOf('allocate, 1 node'),
    gasPerGB: {
      cooperative: perGB(gasOf('redeemVouchers, per deal in a batch of 10')),
      forced: perGB(steady.total),
      assumptions: {
        sessions: steady.sessions,
        gigabytes: Math.round(gigabytes),
        cooperative: 'one voucher of a batch of 10 deals settles all sessions',
        forced: 'one sampled claim in the steady state settles all sessions',
      },
    },
  };
}

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, write: { type: 'boolean' }, check: { type: 'boolean' } },
});
const goalClaims = await measureClaimGas(GOAL_SAMPLES);
const productionClaims = await measureClaimGas(PRODUCTION_SAMPLES);
const figures = [
  ...(await measureGas()),
  ...claimRows(GOAL_SAMPLES, goalClaims),
  ...claimRows(PRODUCTION_SAMPLES, productionClaims),
];
process.stdout.write(
  values.json === true
    ? `${JSON.stringify({ ...summaryOf(figures, goalClaims), figures }, null, 2)}\n`
    : tableOf(figures),
);
if (values.write === true) await writeFile(TABLE, tableOf(figures));
if (values.check === true) {
  const found = complaints(figures, parseTable(await readFile(TABLE, 'utf8')));
  for (const complaint of found) process.stderr.write(`${complaint}\n`);
  if (found.length > 0) process.exitCode = 1;
}
