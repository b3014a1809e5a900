import { KeystoreError } from './keystore-error.ts';
import { readPrivateFile } from './private-file.ts';

/**
 * Reads a password from a file; one line end at the end of the file is not part of it.
 *
 * @throws KeystoreError PASSWORD_FILE_UNREADABLE, PASSWORD_EMPTY
 */
export async function readPasswordFile(path: string): Promise<string> {
  const text = await readPrivateFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (text === undefined) throw unreadable(path, undefined);
  const password = text.replace(/\r?\n$/, '');
  if (password.length === 0) {
    throw new KeystoreError('PASSWORD_EMPTY', {
      message: `The password file ${path} is empty.`,
      remedy: 'Write the password into it, on one line.',
      values: { path },
    });
  }
  return password;
}

function unreadable(path: string, cause: unknown): KeystoreError {
  return new KeystoreError('PASSWORD_FILE_UNREADABLE', {
    message: `The password file ${path} cannot be read.`,
    remedy: 'Check the path and that this user may read it.',
    values: { path },
    cause,
  });
}
