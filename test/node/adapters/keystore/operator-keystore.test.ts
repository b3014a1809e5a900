import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KeystoreError } from '../../../../node/adapters/keystore/keystore-error.ts';
import { createLibp2pKey, openLibp2pKey } from '../../../../node/adapters/keystore/libp2p-key.ts';
import {
  createOperatorKeystore,
  openOperatorKeystore,
  readKeystoreAddress,
} from '../../../../node/adapters/keystore/operator-keystore.ts';
import { readPasswordFile } from '../../../../node/adapters/keystore/password-file.ts';

const KNOWN_KEY = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const KNOWN_ADDRESS = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';

async function refusal(promise: Promise<unknown>): Promise<KeystoreError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof KeystoreError) return error;
    throw error;
  }
  expect.fail('expected a refusal');
}

describe('operator keystore', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-keystore-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('opens what it created with the same password, quickly, in a file of the owner only', async () => {
    const path = join(directory, 'keystore.json');
    const begun = performance.now();
    const created = await createOperatorKeystore(path, 'correct horse');
    const opened = await openOperatorKeystore(path, 'correct horse');
    expect(performance.now() - begun, 'milliseconds for both').to.be.below(4_000);
    expect(opened).to.deep.equal(created);
    expect(await readKeystoreAddress(path)).to.equal(created.address);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(path, 'utf8')).not.to.contain(created.privateKey.slice(2));
  });

  it('imports a key and derives its known address', async () => {
    const path = join(directory, 'keystore.json');
    expect((await createOperatorKeystore(path, 'x', `0x${KNOWN_KEY}\n`)).address).to.equal(KNOWN_ADDRESS);
    const json = JSON.parse(await readFile(path, 'utf8')) as { version: number; Crypto: { kdf: string } };
    expect(json.version).to.equal(3);
    expect(json.Crypto.kdf).to.equal('scrypt');
  });

  it('refuses a wrong password and names the keystore', async () => {
    const path = join(directory, 'keystore.json');
    await createOperatorKeystore(path, 'right');
    const error = await refusal(openOperatorKeystore(path, 'wrong'));
    expect(error.code).to.equal('KEYSTORE_WRONG_PASSWORD');
    expect(error.values).to.deep.equal({ path });
    expect(error.remedy).to.contain('--password-file');
  });

  it('never overwrites a keystore or a network key', async () => {
    const path = join(directory, 'keystore.json');
    const { address } = await createOperatorKeystore(path, 'right');
    expect((await refusal(createOperatorKeystore(path, 'right'))).code).to.equal('KEYSTORE_EXISTS');
    expect(await readKeystoreAddress(path)).to.equal(address);
    const network = join(directory, 'libp2p.key');
    const key = await createLibp2pKey(network);
    expect((await refusal(createLibp2pKey(network))).code).to.equal('KEYSTORE_EXISTS');
    expect((await openLibp2pKey(network)).equals(key)).to.equal(true);
    expect((await stat(network)).mode & 0o777).to.equal(0o600);
  });

  it('refuses missing and malformed files, empty passwords and impossible private keys', async () => {
    const path = join(directory, 'keystore.json');
    expect((await refusal(openOperatorKeystore(path, 'x'))).code).to.equal('KEYSTORE_MISSING');
    expect((await refusal(openLibp2pKey(join(directory, 'libp2p.key')))).code).to.equal('LIBP2P_KEY_MISSING');
    await writeFile(path, '{"hello": 1}');
    expect((await refusal(openOperatorKeystore(path, 'x'))).code).to.equal('KEYSTORE_MALFORMED');
    expect((await refusal(openLibp2pKey(path))).code).to.equal('LIBP2P_KEY_MALFORMED');
    const fresh = join(directory, 'other.json');
    expect((await refusal(createOperatorKeystore(fresh, ''))).code).to.equal('PASSWORD_EMPTY');
    for (const bad of ['', '0x12', '0'.repeat(64), 'f'.repeat(64), `${KNOWN_KEY}00`]) {
      expect((await refusal(createOperatorKeystore(fresh, 'x', bad))).code, bad).to.equal(
        'PRIVATE_KEY_MALFORMED',
      );
    }
  });

  it('reads a password file without its last line end', async () => {
    const path = join(directory, 'password');
    await writeFile(path, ' secret \n');
    expect(await readPasswordFile(path)).to.equal(' secret ');
    await writeFile(path, '\n');
    expect((await refusal(readPasswordFile(path))).code).to.equal('PASSWORD_EMPTY');
    const missing = join(directory, 'nothing');
    const error = await refusal(readPasswordFile(missing));
    expect(error.code).to.equal('PASSWORD_FILE_UNREADABLE');
    expect(error.values).to.deep.equal({ path: missing });
  });
});
