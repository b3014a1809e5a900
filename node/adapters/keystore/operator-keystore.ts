import { Wallet, decryptKeystoreJson, encryptKeystoreJson, isKeystoreJson } from 'ethers';
import { KeystoreError } from './keystore-error.ts';
import { registerNativeScrypt } from './native-scrypt.ts';
import { createPrivateFile, errorCode, readPrivateFile } from './private-file.ts';

/** The operator's account, decrypted: it stakes, redeems and signs transactions. Never log it. */
export interface OperatorKey {
  /** Lower-case address: the node's identity everywhere. */
  readonly address: string;
  /** 32 bytes as 0x-hex. */
  readonly privateKey: string;
}

const PRIVATE_KEY = /^(0x)?[0-9a-fA-F]{64}$/;

/**
 * Creates a V3 keystore with a fresh or an imported key.
 *
 * @param path where the keystore goes; an existing file is never overwritten
 * @param password encrypts the key; whoever loses it loses the account
 * @param importedPrivateKey 32 bytes as hex, with or without 0x
 * @throws KeystoreError KEYSTORE_EXISTS, PASSWORD_EMPTY, PRIVATE_KEY_MALFORMED
 */
export async function createOperatorKeystore(
  path: string,
  password: string,
  importedPrivateKey?: string,
): Promise<OperatorKey> {
  requirePassword(password);
  const key = importedPrivateKey === undefined ? freshKey() : importKey(importedPrivateKey);
  registerNativeScrypt();
  const json = await encryptKeystoreJson(key, password);
  try {
    await createPrivateFile(path, `${json}\n`);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new KeystoreError('KEYSTORE_EXISTS', {
      message: `There is already a keystore at ${path}.`,
      remedy: 'Choose another --data-dir, or move the existing keystore to a safe place first.',
      values: { path },
      cause: error,
    });
  }
  return key;
}

/**
 * Decrypts the operator's keystore.
 *
 * @throws KeystoreError KEYSTORE_MISSING, KEYSTORE_MALFORMED, KEYSTORE_WRONG_PASSWORD
 */
export async function openOperatorKeystore(path: string, password: string): Promise<OperatorKey> {
  const json = await readKeystore(path);
  registerNativeScrypt();
  try {
    const account = await decryptKeystoreJson(json, password);
    return { address: account.address.toLowerCase(), privateKey: account.privateKey };
  } catch (error) {
    if (errorCode(error) !== 'INVALID_ARGUMENT') throw error;
    throw new KeystoreError('KEYSTORE_WRONG_PASSWORD', {
      message: `The password does not open the keystore at ${path}.`,
      remedy: 'Give the file with the right password as --password-file or BCDN_PASSWORD_FILE.',
      values: { path },
    });
  }
}

/** Reads only the address of a keystore: no password needed. */
export async function readKeystoreAddress(path: string): Promise<string> {
  const json = await readKeystore(path);
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed === 'object' && parsed !== null && 'address' in parsed) {
    const address = parsed.address;
    if (typeof address === 'string' && /^(0x)?[0-9a-fA-F]{40}$/.test(address)) {
      return `0x${address.replace(/^0x/, '').toLowerCase()}`;
    }
  }
  throw malformed(path);
}

async function readKeystore(path: string): Promise<string> {
  const json = await readPrivateFile(path);
  if (json === undefined) {
    throw new KeystoreError('KEYSTORE_MISSING', {
      message: `There is no keystore at ${path}.`,
      remedy: 'Run `bcdn-node init` first, or give the right --data-dir.',
      values: { path },
    });
  }
  if (!isKeystoreJson(json)) throw malformed(path);
  return json;
}

function malformed(path: string): KeystoreError {
  return new KeystoreError('KEYSTORE_MALFORMED', {
    message: `The file at ${path} is not a version 3 keystore.`,
    remedy: 'Restore keystore.json from your backup.',
    values: { path },
  });
}

function requirePassword(password: string): void {
  if (password.length > 0) return;
  throw new KeystoreError('PASSWORD_EMPTY', {
    message: 'The keystore password is empty.',
    remedy: 'Choose a password of at least one character.',
  });
}

function freshKey(): OperatorKey {
  const wallet = Wallet.createRandom();
  return { address: wallet.address.toLowerCase(), privateKey: wallet.privateKey };
}

function importKey(text: string): OperatorKey {
  const hex = text.trim();
  if (!PRIVATE_KEY.test(hex)) throw badPrivateKey();
  const privateKey = hex.startsWith('0x') ? hex : `0x${hex}`;
  try {
    return { address: new Wallet(privateKey).address.toLowerCase(), privateKey };
  } catch (error) {
    // Zero and numbers beyond the curve's order have the right length but are no keys.
    if (errorCode(error) === undefined && !(error instanceof Error)) throw error;
    throw badPrivateKey();
  }
}

function badPrivateKey(): KeystoreError {
  return new KeystoreError('PRIVATE_KEY_MALFORMED', {
    message: 'The private key to import is not a secp256k1 key of 32 bytes in hex.',
    remedy: 'Give a file with 64 hex digits (with or without 0x) as --private-key-file.',
  });
}
