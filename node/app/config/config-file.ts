import { z } from 'zod';
import type { Deployment } from '../../../sdk/chain/deployment.ts';
import {
  createPrivateFile,
  errorCode,
  readPrivateFile,
  replacePrivateFile,
} from '../../adapters/keystore/private-file.ts';
import { NodeError } from '../node-error.ts';
import type { DataDir } from './data-dir.ts';
import { deploymentSchema } from './deployment.ts';
import {
  mergeSettings,
  parseSetting,
  parseSettings,
  settingNames,
  type SettingName,
  type Settings,
  type SettingTexts,
} from './settings.ts';
import { whyUnreadable } from './unreadable-file.ts';

const CONFIG_SCHEMA = 'bcdn-node/config/1';

const texts = z.object(Object.fromEntries(settingNames.map((name) => [name, z.string().optional()])));

const configFile = z.object({
  schema: z.literal(CONFIG_SCHEMA),
  deployment: deploymentSchema,
  settings: texts.strict(),
});

/** Everything a node is told: where it keeps its files, its contracts and its settings. */
export interface NodeConfig {
  readonly dataDir: DataDir;
  readonly deployment: Deployment;
  readonly settings: Settings;
}

/** Writes the configuration of a new node. @throws NodeError CONFIG_EXISTS */
export async function createConfigFile(
  dataDir: DataDir,
  deployment: Deployment,
  settings: SettingTexts,
): Promise<void> {
  try {
    await createPrivateFile(dataDir.config, encodeConfig(deployment, settings));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw configExists(dataDir.config);
  }
}

/** Changes one setting of a node's file, the rest as it was. @throws NodeError CONFIG_MISSING, CONFIG_MALFORMED, SETTING_INVALID */
export async function writeSetting(dataDir: DataDir, name: SettingName, text: string): Promise<void> {
  parseSetting(name, text);
  const { deployment, settings } = await readConfigFile(dataDir);
  await replacePrivateFile(dataDir.config, encodeConfig(deployment, { ...settings, [name]: text }));
}

/** The refusal to initialise a data directory twice. */
export function configExists(path: string): NodeError {
  return new NodeError('CONFIG_EXISTS', {
    message: `There is already a node at ${path}.`,
    remedy: 'Use `bcdn-node start` for it, or choose another --data-dir.',
    values: { path },
  });
}

/**
 * Reads a node's configuration with the given overrides on top.
 *
 * @throws NodeError CONFIG_MISSING, CONFIG_MALFORMED, SETTING_MISSING, SETTING_INVALID
 */
export async function loadConfig(
  dataDir: DataDir,
  flags: SettingTexts,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<NodeConfig> {
  const file = await readConfigFile(dataDir);
  const merged = mergeSettings({ flags, environment, file: file.settings });
  return { dataDir, deployment: file.deployment, settings: parseSettings(merged) };
}

/** What the file itself says. @throws NodeError CONFIG_MISSING, CONFIG_MALFORMED */
export async function readConfigFile(
  dataDir: DataDir,
): Promise<{ readonly deployment: Deployment; readonly settings: SettingTexts }> {
  const text = await readPrivateFile(dataDir.config);
  if (text === undefined) {
    throw new NodeError('CONFIG_MISSING', {
      message: `There is no node at ${dataDir.root}.`,
      remedy: 'Run `bcdn-node init` first, or give the right --data-dir.',
      values: { path: dataDir.config },
    });
  }
  return decodeConfig(dataDir.config, text);
}

function encodeConfig(deployment: Deployment, settings: SettingTexts): string {
  const contracts = { ...deployment, chainId: deployment.chainId.toString() };
  return `${JSON.stringify({ schema: CONFIG_SCHEMA, deployment: contracts, settings }, undefined, 2)}\n`;
}

function decodeConfig(path: string, text: string): { deployment: Deployment; settings: SettingTexts } {
  let reason: string;
  try {
    const result = configFile.safeParse(JSON.parse(text));
    if (result.success) {
      return { deployment: result.data.deployment, settings: definedOnly(result.data.settings) };
    }
    const issue = result.error.issues[0];
    reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`;
  } catch (error) {
    reason = whyUnreadable(error);
  }
  throw new NodeError('CONFIG_MALFORMED', {
    message: `The configuration ${path} cannot be used (${reason}).`,
    remedy: 'Correct the file, or restore it from your backup.',
    values: { path },
  });
}

function definedOnly(record: Record<string, string | undefined>): SettingTexts {
  const kept: SettingTexts = {};
  for (const name of settingNames) {
    const text = record[name];
    if (text !== undefined) kept[name] = text;
  }
  return kept;
}
