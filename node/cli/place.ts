import { Option, type Command } from 'commander';
import { readPasswordFile } from '../adapters/keystore/password-file.ts';
import { dataDirAt, defaultDataDir, type DataDir } from '../app/config/data-dir.ts';
import { variableOf } from '../app/config/settings.ts';
import { NodeError } from '../app/node-error.ts';
import { askSecret } from './prompt.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

/** Options that every command takes. */
export interface PlaceOptions {
  readonly dataDir?: string;
  readonly passwordFile?: string;
  readonly json?: boolean;
}

/** Adds --data-dir and --json. */
export function addPlaceOptions(command: Command): Command {
  return command
    .addOption(new Option('--data-dir <path>', 'files of the node (env BCDN_DATA_DIR, default by XDG)'))
    .addOption(new Option('--json', 'print one JSON document on stdout'));
}

/** Adds --password-file. */
export function addPasswordOption(command: Command): Command {
  return command.addOption(
    new Option('--password-file <path>', 'file with the keystore password (env BCDN_PASSWORD_FILE)'),
  );
}

/** The data directory by flag, environment or default. */
export function dataDirOf(options: PlaceOptions): DataDir {
  return dataDirAt(
    options.dataDir ?? variableOf(process.env, 'BCDN_DATA_DIR') ?? defaultDataDir(process.env),
  );
}

/** The keystore password by file or, on a terminal, by asking. @throws NodeError SETTING_MISSING, KeystoreError */
export async function passwordOf(options: PlaceOptions, terminal: Terminal): Promise<string> {
  const file = options.passwordFile ?? variableOf(process.env, 'BCDN_PASSWORD_FILE');
  if (file !== undefined) return readPasswordFile(file);
  if (terminal.interactive) return askSecret('Password of the keystore');
  throw new NodeError('SETTING_MISSING', {
    message: '--password-file is missing.',
    remedy: 'Give --password-file, or set BCDN_PASSWORD_FILE.',
    values: { setting: 'passwordFile', flag: '--password-file' },
  });
}
