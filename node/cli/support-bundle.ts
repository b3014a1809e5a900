import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { systemClock } from '../adapters/clock/system-clock.ts';
import { tarGz } from '../adapters/disk/tar-archive.ts';
import { errorCode, PRIVATE_FILE_MODE } from '../adapters/keystore/private-file.ts';
import { loadConfig } from '../app/config/config-file.ts';
import { NodeError } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

interface SupportBundleOptions extends PlaceOptions {
  readonly out?: string;
}

export function describeSupportBundle(command: Command): Command {
  return addPlaceOptions(command)
    .description('collect what a helper needs into one archive, without secrets')
    .addOption(new Option('--out <file>', 'where to (default: bcdn-node-support-<time>.tar.gz here)'))
    .addHelpText(
      'after',
      `
Holds versions, settings, status, doctor, metrics, ring view, disk and the last log lines. Keys, passwords, receipts and
grants never go in; credentials in URLs, keys in hexadecimal and addresses of others are removed from the rest. Works with
the node running or stopped.

Examples:
  $ bcdn-node support-bundle
  $ bcdn-node support-bundle --out /tmp/node.tar.gz && tar -tzf /tmp/node.tar.gz`,
    );
}

/** Writes the archive. */
export async function runSupportBundle(options: SupportBundleOptions, terminal: Terminal): Promise<ExitCode> {
  const config = await loadConfig(dataDirOf(options), {}, process.env);
  const { supportFiles } = await import('../app/support/support-files.ts');
  terminal.say('Collecting; other edges are asked whether they reach this node.');
  const files = await supportFiles(config, systemClock);
  const nowMs = systemClock.nowMs();
  const time = new Date(nowMs).toISOString().replace(/[:.]/g, '-');
  const path = resolve(options.out ?? `bcdn-node-support-${time}.tar.gz`);
  const archive = tarGz(files, nowMs / 1_000);
  try {
    await writeFile(path, archive, { flag: 'wx', mode: PRIVATE_FILE_MODE });
  } catch (error) {
    throw new NodeError('BUNDLE_UNWRITABLE', {
      message: `The archive cannot be written to ${path} (${errorCode(error) ?? 'unknown'}).`,
      remedy: 'Name a new file in a folder that you may write to as --out.',
      values: { path },
      cause: error,
    });
  }
  terminal.document('support-bundle', { path, bytes: archive.length, files: files.map(({ name }) => name) });
  terminal.data(path);
  terminal.say('Read it before you hand it on: tar -xzf shows what is in it.');
  return EXIT.fine;
}
