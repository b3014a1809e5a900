import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { KeyVault } from '../../../marketplace/coordinator/key-vault.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import type { DealRecord } from '../../../marketplace/database/deal-records.ts';
import { readSecretFile } from '../../../marketplace/server/secret-file.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  type Address,
} from '../../../sdk/protocol/identifiers.ts';
import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const PUBLISHER = parseAddress(`0x${'aa'.repeat(20)}`);
const NOBODY = parseAddress(`0x${'bb'.repeat(20)}`);
const DIGEST = new Uint8Array(32).fill(7);

function dealWith(
  keys: { grantKey: Address; collector: Address },
  wishes: Partial<DealRecord> = {},
): DealRecord {
  return {
    dealId: parseDealId(`0x${'01'.repeat(32)}`),
    publisher: PUBLISHER,
    state: 'open',
    contentRoot: parseContentRoot(`0x${'02'.repeat(32)}`),
    contentCodec: 0x55,
    serviceLevel: 0,
    previousGrantKey: undefined,
    previousCollector: undefined,
    keyLastEpoch: 0,
    freeWei: 0n,
    depositedWei: 0n,
    withdrawnWei: 0n,
    ...keys,
    ...wishes,
  };
}

describe('key vault', () => {
  let directory: TestStorage;
  let database: Database;

  beforeEach(async () => {
    directory = await temporaryStorage();
    database = await directory.open();
  });

  afterEach(async () => {
    await database.close();
    await directory.remove();
  });

  const vaultWith = (secret: Uint8Array): KeyVault =>
    new KeyVault({ database, clock: systemClock, secp256k1: nativeSecp256k1 }, secret);
  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (failure: unknown) => failure,
    );

  it('signs with the keys that it gave the addresses of, also after a restart', async () => {
    const secret = await readSecretFile(directory.path);
    const keys = await vaultWith(secret).createPair(PUBLISHER);
    const again = vaultWith(await readSecretFile(directory.path));
    const grant = (await again.grantSigner(dealWith(keys), 5))(DIGEST);
    const voucher = (await again.voucherSigner(dealWith(keys), 5))(DIGEST);
    expect(pureSecp256k1.recover(DIGEST, grant)).to.equal(keys.grantKey);
    expect(pureSecp256k1.recover(DIGEST, voucher)).to.equal(keys.collector);
    expect(keys.grantKey).to.not.equal(keys.collector);
  });

  it('cannot be opened with another secret', async () => {
    const keys = await vaultWith(new Uint8Array(32).fill(1)).createPair(undefined);
    const signer = await vaultWith(new Uint8Array(32).fill(2)).grantSigner(dealWith(keys), 1);
    expect(() => signer(DIGEST))
      .to.throw()
      .with.property('code', 'SECRET_UNREADABLE');
  });

  it('serves only the publisher that a pair was made for', async () => {
    const vault = vaultWith(new Uint8Array(32).fill(1));
    const keys = await vault.createPair(NOBODY);
    expect(await failureOf(vault.grantSigner(dealWith(keys), 1))).to.include({ code: 'DEAL_NOT_SERVED' });
    const open = await vault.createPair(undefined);
    expect(await vault.grantSigner(dealWith(open), 1)).to.be.a('function');
  });

  it('signs with the keys before a rotation only for epochs in which they are good', async () => {
    const vault = vaultWith(new Uint8Array(32).fill(1));
    const old = await vault.createPair(undefined);
    const rotated = dealWith(
      { grantKey: NOBODY, collector: NOBODY },
      { previousGrantKey: old.grantKey, previousCollector: old.collector, keyLastEpoch: 9 },
    );
    expect(pureSecp256k1.recover(DIGEST, (await vault.grantSigner(rotated, 9))(DIGEST))).to.equal(
      old.grantKey,
    );
    expect(await failureOf(vault.grantSigner(rotated, 10))).to.include({ code: 'DEAL_NOT_SERVED' });
    expect(await failureOf(vault.voucherSigner(rotated, 10))).to.include({ code: 'DEAL_NOT_SERVED' });
  });

  it('keeps sealed keys that are not the keys', async () => {
    const keys = await vaultWith(await readSecretFile(directory.path)).createPair(undefined);
    const [row] = await database.read.all('SELECT * FROM key_pairs');
    const sealed = row?.['sealed_grant_key'];
    if (!(sealed instanceof Uint8Array)) throw new TypeError('The key is not sealed bytes.');
    expect(sealed).to.have.length(12 + 32 + 16);
    for (let offset = 0; offset + 32 <= sealed.length; offset++) {
      expect(nativeSecp256k1.addressOf(sealed.slice(offset, offset + 32))).to.not.equal(keys.grantKey);
    }
  });

  it('refuses a secret that others can read, and one of the wrong length', async () => {
    await readSecretFile(directory.path);
    const file = join(directory.path, 'secret.key');
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(await readFile(file)).to.have.length(32);
    await chmod(file, 0o644);
    expect(await failureOf(readSecretFile(directory.path))).to.deep.include({ code: 'SECRET_EXPOSED' });
    await chmod(file, 0o600);
    await writeFile(file, 'short');
    expect(await failureOf(readSecretFile(directory.path))).to.deep.include({
      code: 'SECRET_UNREADABLE',
      values: { file, bytes: 5 },
    });
  });
});
