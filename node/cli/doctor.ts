import type { Command } from 'commander';
import { systemClock } from '../adapters/clock/system-clock.ts';
import { loadConfig } from '../app/config/config-file.ts';
import type { Finding } from '../app/control/doctor-documents.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { dataMark, type Terminal } from '../../sdk/cli/terminal.ts';

export function describeDoctor(command: Command): Command {
  return addPlaceOptions(command)
    .description('check everything that keeps a node from earning, and name the command that mends it')
    .addHelpText(
      'after',
      `
Checks version, keystore, disk, ports, chain, clocks, gas, stake, marketplace, ring, and whether other edges reach the node:
two of them, drawn at random, dial its registered endpoints. Works beside a running node and without one; changes nothing.

Exit code: 0 all is fine, 1 something failed (✗), 3 something should be looked at (!), 4 nothing failed and the node is
not running.

Examples:
  $ bcdn-node doctor
  $ bcdn-node doctor --json | jq '.findings[] | select(.state != "fine")'`,
    );
}

/** Prints one line for each check. */
export async function runDoctor(options: PlaceOptions, terminal: Terminal): Promise<ExitCode> {
  const config = await loadConfig(dataDirOf(options), {}, process.env);
  const { examine } = await import('../app/doctor/doctor.ts');
  const report = await examine(config, systemClock);
  const count = (state: Finding['state']): number =>
    report.findings.filter((finding) => finding.state === state).length;
  const sums = { fine: count('fine'), warnings: count('warning'), failed: count('failed') };
  terminal.document('doctor', { ...report, ...sums });
  for (const line of report.findings.flatMap(findingLines)) terminal.data(line);
  terminal.data(`${sums.fine} fine, ${sums.warnings} to be looked at, ${sums.failed} failed`);
  if (sums.failed > 0) return EXIT.failed;
  if (!report.running) return EXIT.offline;
  return sums.warnings > 0 ? EXIT.degraded : EXIT.fine;
}

const SIGNS = {
  fine: ['✓', '32'],
  warning: ['!', '33'],
  failed: ['✗', '31'],
} as const;

/** A finding for people: the evidence, and below it the command. */
export function findingLines({ check, state, evidence, run }: Finding): string[] {
  const [sign, colour] = SIGNS[state];
  const line = `${dataMark(sign, colour)} ${check.padEnd(12)} ${evidence}`;
  return run === null ? [line] : [line, `  → ${run}`];
}
