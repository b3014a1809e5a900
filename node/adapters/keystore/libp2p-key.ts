import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { KeystoreError } from './keystore-error.ts';
import { createPrivateFile, errorCode, readPrivateFile } from './private-file.ts';

/**
 * Creates the node's Ed25519 network key in its own file (base64 of libp2p's protobuf form). It is not encrypted: it
 * holds no money, and a node must be able to restart its network identity unattended.
 *
 * @throws KeystoreError KEYSTORE_EXISTS
 */
export async function createLibp2pKey(path: string): Promise<Ed25519PrivateKey> {
  const key = await generateKeyPair('Ed25519');
  try {
    await createPrivateFile(path, `${Buffer.from(privateKeyToProtobuf(key)).toString('base64')}\n`);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new KeystoreError('KEYSTORE_EXISTS', {
      message: `There is already a network key at ${path}.`,
      remedy: 'Choose another --data-dir, or move the existing key to a safe place first.',
      values: { path },
      cause: error,
    });
  }
  return key;
}

/**
 * Reads the node's network key.
 *
 * @throws KeystoreError LIBP2P_KEY_MISSING, LIBP2P_KEY_MALFORMED
 */
export async function openLibp2pKey(path: string): Promise<Ed25519PrivateKey> {
  const text = await readPrivateFile(path);
  if (text === undefined) {
    throw new KeystoreError('LIBP2P_KEY_MISSING', {
      message: `There is no network key at ${path}.`,
      remedy: 'Restore libp2p.key from your backup, or run `bcdn-node init` in a new data directory.',
      values: { path },
    });
  }
  const key = decode(text);
  if (key?.type !== 'Ed25519') {
    throw new KeystoreError('LIBP2P_KEY_MALFORMED', {
      message: `The file at ${path} is not an Ed25519 network key.`,
      remedy: 'Restore libp2p.key from your backup.',
      values: { path },
    });
  }
  return key;
}

function decode(text: string): ReturnType<typeof privateKeyFromProtobuf> | undefined {
  try {
    return privateKeyFromProtobuf(new Uint8Array(Buffer.from(text.trim(), 'base64')));
  } catch {
    // Whatever the decoder dislikes, the answer to the operator is the same: not a key of ours.
    return undefined;
  }
}
