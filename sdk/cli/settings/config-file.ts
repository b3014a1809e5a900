import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { CliError } from '../cli-error.ts';
import { SETTING_NAMES, type SettingName, type SettingTexts } from './setting-names.ts';

/** A longer file is none of ours. */
const MAX_CONFIG_BYTES = 65_536;

/** Where the configuration of `bcdn` is: `BCDN_CONFIG`, else by the XDG base directories. */
export function configPath(environment: NodeJS.ProcessEnv): string {
  const named = environment['BCDN_CONFIG'];
  if (named !== undefined && named !== '') return named;
  return join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'bcdn', 'config.json');
}

/** Where `bcdn` remembers what it has begun, by the XDG base directories. */
export function stateFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'bcdn');
}

/**
 * Reads `{"marketplace": "https://…", "replicas": 3, …}`; a file that is not there is empty, unless it was named.
 * @throws CliError CONFIG_INVALID
 */
export async function readConfig(environment: NodeJS.ProcessEnv): Promise<SettingTexts> {
  const path = configPath(environment);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (absent && (environment['BCDN_CONFIG'] ?? '') === '') return {};
    throw invalid(path, 'it cannot be read', error);
  }
  if (text.length > MAX_CONFIG_BYTES) throw invalid(path, `it is longer than ${MAX_CONFIG_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(path, 'it is no JSON', error);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw invalid(path, 'it is no object');
  const settings: Partial<Record<SettingName, string>> = {};
  for (const [name, value] of Object.entries(json)) {
    if (!isSetting(name)) throw invalid(path, `${JSON.stringify(name)} is no setting`);
    settings[name] = textOf(path, name, value);
  }
  return settings;
}

function isSetting(name: string): name is SettingName {
  return (SETTING_NAMES as readonly string[]).includes(name);
}

function textOf(path: string, name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value.join(',');
  throw invalid(path, `${name} is neither a text, a number nor a list of texts`);
}

function invalid(path: string, reason: string, cause?: unknown): CliError {
  return new CliError('CONFIG_INVALID', `${path} cannot be used: ${reason}.`, {
    values: { path, reason },
    remedy: `Correct it; it may have: ${SETTING_NAMES.join(', ')}.`,
    cause,
  });
}
