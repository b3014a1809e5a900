import { readFile } from 'node:fs/promises';

import { decryptKeystoreJson, isKeystoreJson } from 'ethers';

import { hexToBytes } from '../protocol/bytes.ts';
import { CliError } from './cli-error.ts';
import type { Settings } from './settings/settings.ts';

/**
 * Opens a publisher's V3 keystore, as wallets export it.
 * @throws CliError OPTION_MISSING, KEYSTORE_UNREADABLE, PASSWORD_UNREADABLE, PASSWORD_WRONG
 */
export async function openPublisherKey(settings: Settings): Promise<Uint8Array> {
  const keystore = settings.require('keystore');
  const passwordFile = settings.require('passwordFile');
  const json = await textOf(keystore, 'KEYSTORE_UNREADABLE');
  if (!isKeystoreJson(json)) {
    throw new CliError('KEYSTORE_UNREADABLE', `${keystore} is no V3 keystore.`, {
      values: { file: keystore },
      remedy: 'Export the key that opened the deal from your wallet as a keystore file.',
    });
  }
  const password = (await textOf(passwordFile, 'PASSWORD_UNREADABLE')).replace(/\r?\n$/, '');
  try {
    const { privateKey } = await decryptKeystoreJson(json, password);
    return hexToBytes(privateKey, 32);
  } catch (cause) {
    throw new CliError('PASSWORD_WRONG', `The password does not open ${keystore}.`, {
      values: { keystore, passwordFile },
      remedy: 'Check that the password is that of this keystore.',
      cause,
    });
  }
}

async function textOf(file: string, code: 'KEYSTORE_UNREADABLE' | 'PASSWORD_UNREADABLE'): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CliError(code, `${file} cannot be read.`, {
      values: { file },
      remedy: 'Check the path and that you may read the file.',
      cause,
    });
  }
}
