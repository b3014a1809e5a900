import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { readPasswordFile } from '../adapters/keystore/password-file.ts';
import { ensurePrivateDirectory, readPrivateFile } from '../adapters/keystore/private-file.ts';
import { configExists, createConfigFile } from '../app/config/config-file.ts';
import { readDeploymentFile } from '../app/config/deployment.ts';
import {
  mergeSettings,
  parseSetting,
  parseSettings,
  settingDescriptions,
  settingNames,
  variableOf,
  type SettingName,
  type SettingTexts,
} from '../app/config/settings.ts';
import { NodeError } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPasswordOption, addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { ask, askSecret } from './prompt.ts';
import { addSettingOptions, settingFlags } from './settings-options.ts';
import { mark, type Terminal } from '../../sdk/cli/terminal.ts';

interface InitOptions extends PlaceOptions {
  readonly deployment?: string;
  readonly privateKeyFile?: string;
}

/** What a person is asked when it was not given; the rest has defaults that fit. */
const questions: readonly (readonly [SettingName, string])[] = [
  ['role', 'Role (edge serves and is paid; peer is a local gateway)'],
  ['region', 'Region code (such as eu-west)'],
  ['disk', 'Disk for content'],
  ['uploadCap', 'Upload cap per second (such as 20MiB, or none)'],
  ['monthlyCap', 'Monthly cap of what is sent (such as 2TiB, or none)'],
  ['askWeiPerGib', 'Lowest price of a GiB (such as 0.25BCDN; bare digits are wei)'],
  ['stakeWei', 'Stake to lock (such as 100BCDN; bare digits are wei)'],
  ['rpcUrl', 'JSON-RPC URL of the chain'],
  ['marketplaceUrl', 'URL of the marketplace'],
  ['payout', 'Payout address'],
];

export function describeInit(command: Command): Command {
  addPlaceOptions(command);
  addPasswordOption(command);
  addSettingOptions(command, settingNames);
  return command
    .description('create a node: keys, configuration, data directory')
    .addOption(new Option('--deployment <file>', 'JSON file with the contracts (env BCDN_DEPLOYMENT)'))
    .addOption(new Option('--private-key-file <file>', 'import this operator key instead of making one'))
    .addHelpText(
      'after',
      `
Examples:
  $ bcdn-node init                                  asks for everything it needs
  $ bcdn-node init --role edge --region eu-west --disk 100GiB --upload-cap 50MiB \\
      --rpc-url http://127.0.0.1:8545 --deployment deployment.json \\
      --marketplace-url http://127.0.0.1:9000 --payout 0x… --password-file secret`,
    );
}

/** Creates keys and configuration; never overwrites either. */
export async function runInit(options: InitOptions, terminal: Terminal): Promise<ExitCode> {
  const dataDir = dataDirOf(options);
  if ((await readPrivateFile(dataDir.config)) !== undefined) throw configExists(dataDir.config);
  const texts = await completeSettings(settingFlags({ ...options }), terminal);
  const settings = parseSettings(mergeSettings({ flags: texts, environment: {}, file: {} }));
  const deployment = await readDeploymentFile(await deploymentPath(options, terminal));
  const password = await newPassword(options, terminal);
  const imported =
    options.privateKeyFile === undefined ? undefined : await importedKey(options.privateKeyFile);
  const [{ createLibp2pKey }, { createOperatorKeystore }] = await Promise.all([
    import('../adapters/keystore/libp2p-key.ts'),
    import('../adapters/keystore/operator-keystore.ts'),
  ]);
  await ensurePrivateDirectory(dataDir.root);
  const operator = await createOperatorKeystore(dataDir.keystore, password, imported);
  const network = await createLibp2pKey(dataDir.libp2pKey);
  await createConfigFile(dataDir, deployment, texts);
  terminal.document('init', {
    operator: operator.address,
    peerId: network.publicKey.toString(),
    role: settings.role,
    region: settings.region,
    dataDir: dataDir.root,
    keystore: dataDir.keystore,
    config: dataDir.config,
  });
  terminal.data(operator.address);
  terminal.say(
    `${mark('✓', '32')} Created ${settings.role === 'edge' ? 'an edge' : 'a peer'} in ${dataDir.root}.`,
  );
  terminal.say(
    `  Back up BOTH ${dataDir.keystore} AND its password: without either, stake and earnings are lost.`,
  );
  terminal.say(
    `  Send ${operator.address} its stake and some of the chain's coin for gas, then run: bcdn-node start`,
  );
  return EXIT.fine;
}

async function completeSettings(flags: SettingTexts, terminal: Terminal): Promise<SettingTexts> {
  const texts: SettingTexts = {};
  for (const name of settingNames) {
    const given = flags[name] ?? variableOf(process.env, settingDescriptions[name].environment);
    if (given !== undefined) texts[name] = given;
  }
  if (!terminal.interactive) return texts;
  for (const [name, question] of questions) {
    if (texts[name] === undefined) texts[name] = await askUntilValid(name, question, terminal);
  }
  return texts;
}

async function askUntilValid(name: SettingName, question: string, terminal: Terminal): Promise<string> {
  for (;;) {
    const answer = await ask(question, settingDescriptions[name].fallback);
    try {
      parseSetting(name, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      terminal.say(`  ${error.message}`);
    }
  }
}

async function deploymentPath(options: InitOptions, terminal: Terminal): Promise<string> {
  const given = options.deployment ?? variableOf(process.env, 'BCDN_DEPLOYMENT');
  if (given !== undefined) return given;
  if (terminal.interactive) return ask('Deployment file (JSON with the contract addresses)');
  throw new NodeError('SETTING_MISSING', {
    message: '--deployment is missing.',
    remedy: 'Give --deployment, or set BCDN_DEPLOYMENT.',
    values: { setting: 'deployment', flag: '--deployment' },
  });
}

async function newPassword(options: PlaceOptions, terminal: Terminal): Promise<string> {
  const file = options.passwordFile ?? variableOf(process.env, 'BCDN_PASSWORD_FILE');
  if (file !== undefined) return readPasswordFile(file);
  while (terminal.interactive) {
    const password = await askSecret('New password for the keystore');
    if (password.length > 0 && password === (await askSecret('The same again'))) return password;
    terminal.say('  The two differ, or are empty. Once more.');
  }
  throw new NodeError('SETTING_MISSING', {
    message: '--password-file is missing.',
    remedy: 'Give --password-file, or set BCDN_PASSWORD_FILE.',
    values: { setting: 'passwordFile', flag: '--password-file' },
  });
}

async function importedKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NodeError('SETTING_INVALID', {
      message: `The private key file ${path} cannot be read.`,
      remedy: 'Check the path given as --private-key-file.',
      values: { setting: 'privateKeyFile', flag: '--private-key-file', given: path },
      cause: error,
    });
  }
}
