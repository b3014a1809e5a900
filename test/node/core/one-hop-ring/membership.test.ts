import { sha256 } from '@noble/hashes/sha2.js';
import { expect } from 'chai';

import { bytesToHex, hexToBytes } from '../../../../sdk/protocol/bytes.ts';
import { DEFAULT_TIMING, MAX_INCARNATION } from '../../../../node/core/one-hop-ring/limits.ts';
import { signMemberRecord, type MemberRecord } from '../../../../node/core/one-hop-ring/member-record.ts';
import {
  accusationBytes,
  supersedes,
  type Accusation,
} from '../../../../node/core/one-hop-ring/membership-event.ts';
import { Membership } from '../../../../node/core/one-hop-ring/membership.ts';
import { RingContext } from '../../../../node/core/one-hop-ring/ring-context.ts';
import { RingError } from '../../../../node/core/one-hop-ring/ring-error.ts';
import {
  seededRandom,
  TEST_NETWORK,
  testKey,
  testPorts,
  TestRegistry,
  testSignature,
} from './virtual-network.ts';

interface Fixture {
  readonly registry: TestRegistry;
  readonly context: RingContext;
  readonly membership: Membership;
}

function fixture(): Fixture {
  const registry = new TestRegistry();
  const publicKey = testKey('self');
  registry.add(publicKey);
  const context = new RingContext(testPorts(publicKey, registry, seededRandom(1)), {
    network: TEST_NETWORK,
    publicKey,
    addresses: [],
    providerAddresses: [],
    incarnation: 5,
    timing: DEFAULT_TIMING,
  });
  const membership = new Membership(context);
  membership.applyOwnRecord(context.record);
  return { registry, context, membership };
}

/** A record of a registered edge, as the edge itself would sign it. */
function recordOf(registry: TestRegistry, name: string, claim: Partial<MemberRecord> = {}): MemberRecord {
  const publicKey = testKey(name);
  const { nid, operator, region } = registry.nidOf(publicKey) ?? new TestRegistry().add(publicKey);
  return signMemberRecord(
    {
      nid: hexToBytes(nid),
      publicKey,
      operator,
      region,
      incarnation: 1,
      departed: false,
      addresses: [],
      ...claim,
    },
    TEST_NETWORK,
    (message) => testSignature(publicKey, message),
  );
}

function accusationBy(accuser: string, subject: Uint8Array, claim: Partial<Accusation> = {}): Accusation {
  const body = { kind: claim.kind ?? 'failed', nid: subject, incarnation: claim.incarnation ?? 1 };
  const publicKey = testKey(accuser);
  const signature = testSignature(publicKey, accusationBytes(TEST_NETWORK, body));
  return { ...body, witnesses: claim.witnesses ?? [{ nid: sha256(publicKey), publicKey, signature }] };
}

describe('membership', () => {
  it('takes a registered edge in at the position that the registry names', () => {
    const { registry, context, membership } = fixture();
    const nid = new Uint8Array(32).fill(42);
    registry.add(testKey('edge'), nid);
    expect(membership.apply({ kind: 'record', record: recordOf(registry, 'edge') })).to.equal('news');
    expect(context.table.find(nid)?.state).to.equal('alive');
  });

  it('refuses an edge that the registry does not list, and takes it in once it does', () => {
    const { registry, context, membership } = fixture();
    const record = recordOf(registry, 'late');
    expect(membership.apply({ kind: 'record', record })).to.equal('refused');
    expect(context.table.size).to.equal(1);
    registry.add(testKey('late'));
    expect(membership.apply({ kind: 'record', record })).to.equal('news');
    expect(context.table.size).to.equal(2);
  });

  it('refuses a record and a witness at another position than the registry’s', () => {
    const { registry, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    registry.add(testKey('witness'));
    const elsewhere = new Uint8Array(32).fill(42);
    const moved = recordOf(registry, 'edge', { nid: elsewhere });
    expect(membership.apply({ kind: 'record', record: moved })).to.equal('refused');
    membership.apply({ kind: 'record', record: recordOf(registry, 'edge') });
    const accusation = accusationBy('witness', nid);
    const witnesses = accusation.witnesses.map((witness) => ({ ...witness, nid: elsewhere }));
    expect(membership.apply({ ...accusation, witnesses })).to.equal('refused');
  });

  it('follows the registry when it names another region for a member', () => {
    const { registry, context, membership } = fixture();
    const edge = registry.add(testKey('edge'));
    membership.apply({ kind: 'record', record: recordOf(registry, 'edge') });
    registry.add(testKey('edge'), undefined, 'moved');
    membership.registryRefreshed();
    expect(context.table.find(hexToBytes(edge.nid))?.record.region).to.equal('moved');
  });

  it('refuses a forged signature, a foreign network, another operator and another region', () => {
    const { registry, context, membership } = fixture();
    registry.add(testKey('edge'));
    const good = recordOf(registry, 'edge');
    const forged = { ...good, signature: new Uint8Array(64) };
    const foreign = signMemberRecord(good, '/bcdn/1/other/ring/2', (message) =>
      testSignature(good.publicKey, message),
    );
    const records = [
      forged,
      foreign,
      recordOf(registry, 'edge', { operator: context.admitted.operator }),
      recordOf(registry, 'edge', { region: 'nowhere' }),
    ];
    for (const record of records) expect(membership.apply({ kind: 'record', record })).to.equal('refused');
    expect(context.counters.refusedEvents).to.equal(4);
    expect(context.table.size).to.equal(1);
  });

  it('keeps the highest incarnation, and lets nobody replay an older one', () => {
    const { registry, context, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    membership.apply({
      kind: 'record',
      record: recordOf(registry, 'edge', { incarnation: 9, departed: true }),
    });
    expect(
      membership.apply({ kind: 'record', record: recordOf(registry, 'edge', { incarnation: 8 }) }),
    ).to.equal('known');
    expect(context.table.find(nid)?.state).to.equal('left');
    expect(
      membership.apply({ kind: 'record', record: recordOf(registry, 'edge', { incarnation: 10 }) }),
    ).to.equal('news');
    expect(context.table.find(nid)?.state).to.equal('alive');
  });

  it('believes the only other member of a ring of two about the incarnation at hand, and only that one', () => {
    const { registry, context, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    registry.add(testKey('witness'));
    membership.apply({ kind: 'record', record: recordOf(registry, 'edge', { incarnation: 3 }) });
    expect(membership.apply(accusationBy('witness', nid, { incarnation: 2 }))).to.equal('known');
    expect(membership.apply(accusationBy('witness', nid, { incarnation: 3, kind: 'suspect' }))).to.equal(
      'refused',
    );
    expect(context.table.find(nid)?.state).to.equal('alive');
    expect(membership.apply(accusationBy('witness', nid, { incarnation: 3 }))).to.equal('news');
    expect(context.table.isInRing(nid)).to.equal(false);
    expect(
      membership.apply({ kind: 'record', record: recordOf(registry, 'edge', { incarnation: 4 }) }),
    ).to.equal('news');
    expect(context.table.isInRing(nid)).to.equal(true);
  });

  it('asks for two witnesses as soon as there are three members', () => {
    const { registry, context, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    for (const name of ['edge', 'ann', 'ben', 'cal']) {
      if (name !== 'edge') registry.add(testKey(name));
      membership.apply({ kind: 'record', record: recordOf(registry, name) });
    }
    const [ann] = accusationBy('ann', nid).witnesses;
    const [ben] = accusationBy('ben', nid).witnesses;
    const [subject] = accusationBy('edge', nid).witnesses;
    const [stranger] = accusationBy('stranger', nid).witnesses;
    const [stale] = accusationBy('ben', nid, { incarnation: 0 }).witnesses;
    if (!ann || !ben || !subject || !stranger || !stale) throw new RangeError('No signatures.');
    for (const witnesses of [[ann], [ann, ann], [ann, subject], [ann, stranger], [ann, stale], []]) {
      const accusation = accusationBy('ann', nid, { witnesses });
      expect(membership.apply(accusation)).to.equal('refused');
      expect(membership.isProven(accusation)).to.equal(false);
    }
    expect(context.table.find(nid)?.state).to.equal('alive');
    expect(membership.apply(accusationBy('ann', nid, { witnesses: [ann, ben] }))).to.equal('news');
    expect(context.table.find(nid)?.state).to.equal('failed');
  });

  it('refuses accusations without witness, by a stranger, or with a false signature', () => {
    const { registry, context, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    registry.add(testKey('witness'));
    membership.apply({ kind: 'record', record: recordOf(registry, 'edge') });
    const publicKey = testKey('witness');
    const falseWitness = { nid: sha256(publicKey), publicKey, signature: new Uint8Array(64) };
    for (const accusation of [
      accusationBy('witness', nid, { witnesses: [] }),
      accusationBy('stranger', nid),
      accusationBy('witness', nid, { witnesses: [falseWitness] }),
    ]) {
      expect(membership.apply(accusation)).to.equal('refused');
    }
    expect(context.table.find(nid)?.state).to.equal('alive');
  });

  it('marks what speaks against the node itself, to be refuted', () => {
    const { registry, context, membership } = fixture();
    registry.add(testKey('witness'));
    expect(membership.apply(accusationBy('witness', context.nid, { incarnation: 4 }))).to.equal('known');
    expect(membership.apply(accusationBy('witness', context.nid, { incarnation: 5 }))).to.equal('self');
    expect(context.table.find(context.nid)?.state).to.equal('alive');
  });

  it('does not rise to an incarnation that it never had, whoever claims to have seen it', () => {
    const { registry, context, membership } = fixture();
    registry.add(testKey('witness'));
    const claim = { incarnation: MAX_INCARNATION - 1 };
    expect(membership.apply(accusationBy('witness', context.nid, claim))).to.equal('refused');
  });

  it('refuses a false signature also about members it does not know and incarnations that are over', () => {
    const { registry, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    membership.apply({ kind: 'record', record: recordOf(registry, 'edge', { incarnation: 3 }) });
    const publicKey = testKey('self');
    const witnesses = [{ nid: sha256(publicKey), publicKey, signature: new Uint8Array(64) }];
    const unknown = new Uint8Array(32).fill(9);
    expect(membership.apply(accusationBy('self', unknown, { witnesses }))).to.equal('refused');
    expect(membership.apply(accusationBy('self', nid, { incarnation: 2, witnesses }))).to.equal('refused');
  });

  it('explains an entry by events that make any other table hold the same', () => {
    const { registry, context, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    registry.add(testKey('witness'));
    membership.apply({ kind: 'record', record: recordOf(registry, 'edge') });
    membership.apply(accusationBy('witness', nid));
    const entry = context.table.find(nid);
    const events = entry === undefined ? [] : membership.explain(entry);
    const other = fixture();
    other.registry.add(testKey('edge'));
    other.registry.add(testKey('witness'));
    for (const event of events) other.membership.apply(event);
    expect(other.context.table.find(nid)?.state).to.equal('failed');
  });

  it('expels a member that the registry lists no more', () => {
    const { registry, context, membership } = fixture();
    const nid = hexToBytes(registry.add(testKey('edge')).nid);
    membership.apply({ kind: 'record', record: recordOf(registry, 'edge') });
    registry.remove(testKey('edge'));
    membership.registryRefreshed();
    expect(context.table.find(nid)).to.equal(undefined);
    expect(context.table.isInRing(context.nid)).to.equal(true);
  });

  it('needs its own key in the registry', () => {
    const publicKey = testKey('unlisted');
    const make = (): RingContext =>
      new RingContext(testPorts(publicKey, new TestRegistry(), seededRandom(1)), {
        network: TEST_NETWORK,
        publicKey,
        addresses: [],
        providerAddresses: [],
        incarnation: 1,
        timing: DEFAULT_TIMING,
      });
    expect(make)
      .to.throw(RingError)
      .that.deep.includes({ code: 'RING_SELF_NOT_ADMITTED', values: { publicKey: bytesToHex(publicKey) } });
  });
});

describe('precedence of claims', () => {
  it('puts incarnation before state, and alive before suspect before failed before left', () => {
    const order = ['alive', 'suspect', 'failed', 'left'] as const;
    order.forEach((later, i) => {
      order.forEach((earlier, j) => {
        expect(supersedes({ incarnation: 1, state: later }, { incarnation: 1, state: earlier })).to.equal(
          i > j,
        );
        expect(supersedes({ incarnation: 2, state: later }, { incarnation: 1, state: earlier })).to.equal(
          true,
        );
        expect(supersedes({ incarnation: 1, state: later }, { incarnation: 2, state: earlier })).to.equal(
          false,
        );
      });
    });
  });
});
