import { expect } from 'chai';

import { KeyVault } from '../../../marketplace/coordinator/key-vault.ts';
import { writeBlock } from '../../../marketplace/database/chain-index.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import { ProjectionRows } from '../../../marketplace/database/projection-rows.ts';
import { CALL_RATES, MAX_UNUSED_KEY_PAIRS, UNUSED_KEYS_KEPT_SECONDS } from '../../../marketplace/limits.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { StoppedClock } from '../../sdk/pacing/stopped-clock.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const MAX_UNUSED = 3;
const HEAD = 7;

describe('somebody who asks for all keys that there are', () => {
  let storage: TestStorage;
  let database: Database;
  let clock: StoppedClock;
  let vault: KeyVault;

  beforeEach(async () => {
    storage = await temporaryStorage();
    database = await storage.open();
    clock = new StoppedClock();
    clock.ms = 1_000_000_000_000;
    vault = new KeyVault(
      {
        ...{ database, clock, secp256k1: nativeSecp256k1 },
        ...{ chainHead: () => HEAD, maxUnusedPairs: MAX_UNUSED },
      },
      new Uint8Array(32).fill(1),
    );
  });

  afterEach(async () => {
    await database.close();
    await storage.remove();
  });

  const hoard = async (): Promise<void> => {
    for (let pair = 0; pair < MAX_UNUSED; pair++) await vault.createPair(undefined);
  };
  const refusal = (): Promise<unknown> =>
    vault.createPair(undefined).then(
      () => undefined,
      (failure: unknown) => (failure as { code: string }).code,
    );
  const indexThrough = (number: number): Promise<void> =>
    database.write((sql) => writeBlock(sql, { number, hash: '0x01', timestampSeconds: 1 }));

  it('takes them from others for a day, and not for good', async () => {
    await indexThrough(HEAD);
    await hoard();
    clock.ms += (UNUSED_KEYS_KEPT_SECONDS - 1) * 1000;
    expect(await refusal()).to.equal('KEYS_EXHAUSTED');
    clock.ms += 2_000;
    expect(await refusal()).to.equal(undefined);
    expect(await database.read.all('SELECT grant_key FROM key_pairs')).to.have.length(1);
  });

  it('costs no deal its keys: neither one that names them, nor one that the index does not have yet', async () => {
    const kept = await vault.createPair(undefined);
    await database.write(async (sql) => {
      await ProjectionRows.ofBlock(sql, HEAD).put('deals', {
        ...{ deal_id: `0x${'01'.repeat(32)}`, publisher: `0x${'02'.repeat(20)}`, state: 'open' },
        ...{ content_root: `0x${'03'.repeat(32)}`, content_codec: 0x55, service_level: 0 },
        ...{ grant_key: `0x${'04'.repeat(20)}`, collector: `0x${'05'.repeat(20)}`, opened_block: 1 },
        ...{ previous_grant_key: kept.grantKey, previous_collector: kept.collector, key_last_epoch: 9 },
        ...{ free_wei: '0', deposited_wei: '0', withdrawn_wei: '0' },
      });
    });
    await hoard();
    clock.ms += (UNUSED_KEYS_KEPT_SECONDS + 1) * 1000;
    expect(await refusal(), 'no block is indexed').to.equal('KEYS_EXHAUSTED');
    await indexThrough(HEAD - 1);
    expect(await refusal(), 'the index is behind').to.equal('KEYS_EXHAUSTED');
    await indexThrough(HEAD);
    expect(await refusal()).to.equal(undefined);
    const left = await database.read.all('SELECT grant_key FROM key_pairs');
    expect(left.map((row) => row['grant_key']))
      .to.include(kept.grantKey)
      .and.have.length(2);
  });

  it('cannot do so from one network', () => {
    const { perSecond, burst } = CALL_RATES.keys;
    expect(burst + perSecond * UNUSED_KEYS_KEPT_SECONDS).to.be.lessThan(MAX_UNUSED_KEY_PAIRS / 10);
  });
});
