import { expect } from 'chai';

import { GuestAllowance } from '../../../../node/core/one-hop-ring/guest-allowance.ts';
import {
  GUEST_LOOKUP_BURST,
  GUEST_LOOKUPS_PER_SECOND,
  MAX_PROVIDED_KEYS,
  MAX_PROVIDERS_PER_KEY,
} from '../../../../node/core/one-hop-ring/limits.ts';
import { ProviderIndex } from '../../../../node/core/one-hop-ring/provider-index.ts';
import { VerifiedRecords } from '../../../../node/core/one-hop-ring/verified-records.ts';
import { providerRecordOf } from './ring-samples.ts';
import { TEST_NETWORK, testKey } from './virtual-network.ts';

const key = new Uint8Array(32).fill(7);

describe('provider index', () => {
  it('names a provider until its record expires', () => {
    const index = new ProviderIndex();
    expect(index.store(providerRecordOf({ sequence: 1_000, ttlSeconds: 60 }), 1_000)).to.equal('stored');
    expect(index.providersOf(key, 60_999)).to.have.length(1);
    expect(index.providersOf(key, 61_000)).to.have.length(0);
    index.sweep(61_000);
    expect(index.keyCount).to.equal(0);
  });

  it('refuses an expired record', () => {
    expect(new ProviderIndex().store(providerRecordOf({ sequence: 1_000, ttlSeconds: 1 }), 2_000)).to.equal(
      'expired',
    );
  });

  it('keeps of one provider no more than one may provide, and takes again what became free', () => {
    const index = new ProviderIndex();
    const sample = providerRecordOf({ sequence: 1_000, ttlSeconds: 60 });
    const keyAt = (i: number): Uint8Array => {
      const id = new Uint8Array(32);
      new DataView(id.buffer).setUint32(0, i);
      return id;
    };
    // The index takes records that were verified: only the keys differ here.
    const storeAt = (i: number): string => index.store({ ...sample, key: keyAt(i) }, 1_000);
    for (let i = 0; i < MAX_PROVIDED_KEYS; i++) storeAt(i);
    expect(storeAt(MAX_PROVIDED_KEYS)).to.equal('full');
    const another = providerRecordOf({ publicKey: testKey('another'), sequence: 1_000 });
    expect(index.store({ ...another, key: keyAt(MAX_PROVIDED_KEYS) }, 1_000)).to.equal('stored');
    index.drop(keyAt(3));
    expect(storeAt(MAX_PROVIDED_KEYS)).to.equal('stored');
    expect(storeAt(MAX_PROVIDED_KEYS + 1)).to.equal('full');
    index.sweep(61_000);
    expect(storeAt(MAX_PROVIDED_KEYS + 1)).to.equal('stored');
  });

  it('keeps the newest record of a provider: replays and repetitions change nothing', () => {
    const index = new ProviderIndex();
    const [older, newer] = [
      providerRecordOf({ sequence: 5 }),
      providerRecordOf({ sequence: 6, withdrawn: true }),
    ];
    expect(index.store(newer, 10)).to.equal('stored');
    expect(index.store(newer, 10)).to.equal('held');
    expect(index.store(older, 10)).to.equal('older');
    expect(index.providersOf(key, 10)).to.have.length(0);
    expect(index.recordsOf(key)).to.deep.equal([newer]);
  });

  it('holds a bounded number of providers for one key', () => {
    const index = new ProviderIndex();
    for (let i = 0; i < MAX_PROVIDERS_PER_KEY; i++) {
      expect(index.store(providerRecordOf({ publicKey: testKey(`p${i}`) }), 10)).to.equal('stored');
    }
    expect(index.store(providerRecordOf({ publicKey: testKey('one more') }), 10)).to.equal('full');
  });
});

describe('verified provider records', () => {
  it('checks a signature once, but never takes a known signature for another record', () => {
    let checks = 0;
    const genuine = providerRecordOf();
    const verified = new VerifiedRecords(TEST_NETWORK, () => {
      checks += 1;
      return checks === 1;
    });
    expect(verified.isGenuine(genuine)).to.equal(true);
    expect(verified.isGenuine(genuine)).to.equal(true);
    expect(checks).to.equal(1);
    const altered = { ...providerRecordOf({ sequence: 9_999 }), signature: genuine.signature };
    expect(verified.isGenuine(altered)).to.equal(false);
    expect(checks).to.equal(2);
  });
});

describe('allowance of guests', () => {
  it('grants a burst, then a rate, to each guest on its own', () => {
    const allowance = new GuestAllowance();
    const [a, b] = [testKey('a'), testKey('b')];
    for (let i = 0; i < GUEST_LOOKUP_BURST; i++) expect(allowance.take(a, 0)).to.equal(true);
    expect(allowance.take(a, 0)).to.equal(false);
    expect(allowance.take(b, 0)).to.equal(true);
    let granted = 0;
    for (let ms = 1; ms <= 1_000; ms++) if (allowance.take(a, ms)) granted += 1;
    expect(granted).to.be.within(GUEST_LOOKUPS_PER_SECOND - 1, GUEST_LOOKUPS_PER_SECOND);
  });
});
