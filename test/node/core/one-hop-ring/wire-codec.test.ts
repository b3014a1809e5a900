import { expect } from 'chai';
import fc from 'fast-check';
import { encode } from 'it-length-prefixed';

import { bytesToHex, concatBytes, hexToBytes } from '../../../../sdk/protocol/bytes.ts';
import { MAX_MESSAGE_BYTES } from '../../../../node/core/one-hop-ring/limits.ts';
import { WHOLE_RING, type IdInterval } from '../../../../node/core/one-hop-ring/id-interval.ts';
import {
  eventBytes,
  type Accusation,
  type MembershipEvent,
} from '../../../../node/core/one-hop-ring/membership-event.ts';
import {
  childOf,
  ROOT,
  type RangeNode,
} from '../../../../node/core/one-hop-ring/reconciliation/range-node.ts';
import { RingError } from '../../../../node/core/one-hop-ring/ring-error.ts';
import { decodeMessage, encodeMessage, messageBytes } from '../../../../node/core/one-hop-ring/wire-codec.ts';
import { MESSAGE_CODES, type RingMessage } from '../../../../node/core/one-hop-ring/wire-message.ts';
import { providerRecordOf, recordAt } from './ring-samples.ts';
import { testKey, TestRegistry } from './virtual-network.ts';

const requestId = fc.nat(0xffff_ffff);
const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const uint32 = fc.nat(0xffff_ffff);
const byte = fc.nat(255);
const digest = fc.record({ high: uint32, low: uint32 });
const region = fc.stringMatching(/^[a-z0-9-]{1,8}$/);
const port = fc.nat(65_535);
const address = fc.oneof(
  fc.stringMatching(/^\/[a-z0-9/.]{0,60}$/),
  fc.tuple(fc.ipV4(), port).map(([ip, tcp]) => `/ip4/${ip}/tcp/${tcp}`),
  fc.tuple(fc.ipV6(), port).map(([ip, tcp]) => `/ip6/${ip}/tcp/${tcp}`),
  fc
    .tuple(fc.constantFrom('dns', 'dns4', 'dns6'), fc.domain(), port)
    .map(([protocol, name, tcp]) => `/${protocol}/${name}/tcp/${tcp}`)
    .filter((text) => text.length <= 128),
);
const addresses = fc.array(address, { maxLength: 8 });
const registry = new TestRegistry();
const listed = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay'].map((name) => {
  const publicKey = testKey(name);
  const { nid, operator, region: listedRegion } = registry.add(publicKey);
  return { nid: hexToBytes(nid), publicKey, operator, region: listedRegion };
});
const member = fc.constantFrom(...listed);
const record = fc
  .record({ author: member, addresses, departed: fc.boolean(), incarnation: uint32 })
  .map(({ incarnation, author, ...claim }) => recordAt(incarnation, { ...author, ...claim }));
const providerRecord = fc
  .record({
    key: id,
    publicKey: id,
    region,
    addresses,
    sequence: fc.nat(Number.MAX_SAFE_INTEGER),
    ttlSeconds: fc.nat(86_400),
    withdrawn: fc.boolean(),
  })
  .map((claim) => providerRecordOf(claim));
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
const witness = fc
  .record({ author: member, signature })
  .map((each) => ({ nid: each.author.nid, publicKey: each.author.publicKey, signature: each.signature }));
const accusation: fc.Arbitrary<Accusation> = fc.record({
  kind: fc.constantFrom('suspect' as const, 'failed' as const),
  nid: member.map((each) => each.nid),
  incarnation: uint32,
  witnesses: fc.array(witness, { maxLength: 4 }),
});
const event: fc.Arbitrary<MembershipEvent> = fc.oneof(
  record.map((each) => ({ kind: 'record' as const, record: each })),
  accusation,
);
/** Names and zeros: what the tree makes. */
const end = fc.uint8Array({ maxLength: 8 }).map((bytes) => {
  const each = new Uint8Array(32);
  each.set(bytes);
  return each;
});
const interval = fc.record({ from: end, to: end });
const events = fc.array(event, { maxLength: 4 });
const state = fc.constantFrom('alive' as const, 'suspect' as const, 'failed' as const, 'left' as const);

const name = fc.uint8Array({ minLength: 8, maxLength: 8 });
const rangeNode: fc.Arbitrary<RangeNode> = fc
  .array(fc.nat(15), { maxLength: 15 })
  .map((path) => path.reduce((node, value) => childOf(node, value), ROOT));
const rangeDigests = fc.record({
  node: rangeNode,
  digests: fc.array(digest, { minLength: 16, maxLength: 16 }),
});

const message: fc.Arbitrary<RingMessage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), requestId, load: byte, digest }),
  fc.record({ kind: fc.constant('indirect-ping' as const), requestId, target: id }),
  fc.record({
    kind: fc.constantFrom('reached' as const, 'unreached' as const, 'acknowledgement' as const),
    requestId,
  }),
  fc.record({ kind: fc.constant('testimony' as const), requestId, accusation }),
  fc.record({
    kind: fc.constant('spread' as const),
    requestId,
    interval,
    events,
  }),
  fc.record({ kind: fc.constant('snapshot-request' as const), requestId, interval }),
  fc.record({
    kind: fc.constant('snapshot-page' as const),
    requestId,
    digest,
    rest: fc.option(interval, { nil: undefined }),
    events,
  }),
  fc.record({ kind: fc.constantFrom('join-request' as const, 'leave-request' as const), requestId, record }),
  fc.record({
    kind: fc.constant('join-reply' as const),
    requestId,
    redirect: fc.option(record, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('store' as const),
    requestId,
    records: fc.array(providerRecord, { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('store-reply' as const), requestId, stored: fc.nat(256) }),
  fc.record({ kind: fc.constant('lookup-request' as const), requestId, key: id, forward: fc.boolean() }),
  fc.record({
    kind: fc.constant('lookup-reply' as const),
    requestId,
    hops: fc.nat(8),
    answeredBy: id,
    providers: fc.array(fc.record({ load: byte, record: providerRecord }), { maxLength: 4 }),
    corrections: events,
  }),
  fc.record({
    kind: fc.constant('sync-request' as const),
    requestId,
    ranges: fc.array(rangeDigests, { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('sync-summary' as const),
    requestId,
    answered: fc.nat(32),
    parts: fc.array(
      fc.oneof(
        rangeDigests,
        fc.record({
          node: rangeNode,
          entries: fc.array(fc.record({ name, incarnation: uint32, state }), { maxLength: 8 }),
        }),
      ),
      { maxLength: 8 },
    ),
  }),
  fc.record({
    kind: fc.constant('sync-exchange' as const),
    requestId,
    wanted: fc.array(name, { maxLength: 8 }),
    events,
  }),
  fc.record({ kind: fc.constant('sync-events' as const), requestId, events }),
);

/** The code of the refusal; anything but a coded refusal fails the test. */
function refusalOf(bytes: Uint8Array): string | undefined {
  try {
    decodeMessage(bytes, registry);
    return undefined;
  } catch (error) {
    if (error instanceof RingError) return error.code;
    throw error;
  }
}

/** Between neighbours in a ring of 10^5 members, which differ in their third byte. */
function typicalInterval(): IdInterval {
  const [from, to] = [new Uint8Array(32), new Uint8Array(32)];
  from.set([1, 2, 3]);
  to.set([1, 2, 4]);
  return { from, to };
}

describe('wire codec', () => {
  it('decodes every message to what was encoded', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(decodeMessage(encodeMessage(each), registry)).to.deep.equal(each);
      }),
      { numRuns: 400 },
    );
  });

  it('knows the length of a frame without encoding it', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(messageBytes(each)).to.equal(encode.single(encodeMessage(each)).length);
      }),
      { numRuns: 400 },
    );
  });

  it('never fails on random bytes but with a coded refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        refusalOf(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never fails on damaged messages but with a coded refusal', () => {
    fc.assert(
      fc.property(message, fc.nat(), byte, (each, position, value) => {
        const bytes = encodeMessage(each);
        bytes[position % bytes.length] = value;
        refusalOf(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses every truncation and every trailing byte', () => {
    fc.assert(
      fc.property(message, fc.nat(), (each, cut) => {
        const bytes = encodeMessage(each);
        expect(refusalOf(bytes.subarray(0, cut % bytes.length))).to.be.oneOf([
          'RING_WIRE_TRUNCATED',
          'RING_WIRE_VALUE_INVALID',
        ]);
        expect(refusalOf(concatBytes(bytes, Uint8Array.of(0)))).to.equal('RING_WIRE_TRAILING');
      }),
      { numRuns: 300 },
    );
  });

  it('gives each kind a code of its own', () => {
    const codes = Object.values(MESSAGE_CODES);
    expect(new Set(codes).size).to.equal(codes.length);
  });

  it('refuses unknown kinds, over-long messages and counts beyond their limits, with the values', () => {
    expect(refusalOf(Uint8Array.of(99, 0, 0, 0, 0))).to.equal('RING_WIRE_KIND_UNKNOWN');
    expect(refusalOf(new Uint8Array(MAX_MESSAGE_BYTES + 1))).to.equal('RING_WIRE_TOO_LONG');
    const store = Uint8Array.of(MESSAGE_CODES.store, 0, 0, 0, 1, 0xff, 0xff);
    expect(() => decodeMessage(store))
      .to.throw(RingError)
      .that.deep.includes({
        code: 'RING_WIRE_VALUE_INVALID',
        values: { what: 'number of records', value: 65_535, max: 256 },
      });
  });

  it('leaves out events that name somebody whom the registry does not list, and counts the names', () => {
    const [known] = listed;
    if (known === undefined) throw new RangeError('No member is listed.');
    const stranger = { nid: new Uint8Array(32).fill(9), publicKey: new Uint8Array(32).fill(9) };
    const witnesses = [{ ...known, signature: new Uint8Array(64) }];
    const falseWitnesses = [...witnesses, { ...stranger, signature: new Uint8Array(64) }];
    const claim = { kind: 'failed' as const, incarnation: 1 };
    const good: MembershipEvent = { kind: 'record', record: recordAt(1, known) };
    const sent: MembershipEvent[] = [
      good,
      { kind: 'record', record: recordAt(1, stranger) },
      { ...claim, nid: known.nid, witnesses: falseWitnesses },
      { ...claim, nid: stranger.nid, witnesses },
    ];
    const bytes = encodeMessage({ kind: 'sync-events', requestId: 1, events: sent });
    const read = decodeMessage(bytes, registry);
    expect(read).to.deep.equal({ kind: 'sync-events', requestId: 1, events: [good], unknownNames: 3 });
    const join = encodeMessage({ kind: 'join-request', requestId: 2, record: recordAt(1, stranger) });
    expect(decodeMessage(join, registry)).to.deep.include({ record: undefined, unknownNames: 1 });
    const redirect = { kind: 'join-reply' as const, requestId: 3, redirect: recordAt(1, stranger) };
    expect(refusalOf(encodeMessage(redirect))).to.equal('RING_WIRE_NAME_UNKNOWN');
  });

  it('refuses records of another version, long ends of intervals and ends with a trailing zero', () => {
    const join = encodeMessage({ kind: 'join-request', requestId: 2, record: recordAt(1, listed[0]) });
    join[5] = 1;
    expect(refusalOf(join)).to.equal('RING_WIRE_VERSION_UNKNOWN');
    const spread = (...interval: number[]): Uint8Array =>
      Uint8Array.of(MESSAGE_CODES.spread, 0, 0, 0, 1, ...interval, 0);
    expect(refusalOf(spread(0x21, 7, 8, 9))).to.equal(undefined);
    expect(refusalOf(spread(0x21, 7, 0, 9))).to.equal('RING_WIRE_VALUE_INVALID');
    expect(refusalOf(spread(0x90, 1, 2, 3, 4, 5, 6, 7, 8, 9))).to.equal('RING_WIRE_VALUE_INVALID');
  });

  it('spends at most 100 bytes on a join, 165 on a failure and 20 around the events of a spread', () => {
    const ip4 = recordAt(1, { ...listed[0], addresses: ['/ip4/203.0.113.7/tcp/4001'] });
    const witnesses = listed.slice(1, 3).map((each) => ({ ...each, signature: new Uint8Array(64) }));
    const failed = { kind: 'failed' as const, nid: ip4.nid, incarnation: 1, witnesses };
    const spread = (events: MembershipEvent[]): number =>
      messageBytes({ kind: 'spread', requestId: 1, interval: typicalInterval(), events });
    expect(eventBytes({ kind: 'record', record: ip4 })).to.equal(86);
    expect(eventBytes(failed)).to.equal(157);
    expect(spread([failed])).to.equal(157 + 15);
  });

  it('has the layout of the specification', () => {
    const ping = encodeMessage({
      kind: 'ping',
      requestId: 0x01020304,
      load: 9,
      digest: { high: 0xa, low: 0xb },
    });
    expect(bytesToHex(ping)).to.equal('0x0101020304090000000a0000000b');
    const lookup = encodeMessage({
      kind: 'lookup-request',
      requestId: 1,
      key: new Uint8Array(32).fill(5),
      forward: true,
    });
    expect(bytesToHex(lookup)).to.equal(`0x0e00000001${'05'.repeat(32)}01`);
  });

  it('has the layouts of the specification for records, failures, intervals and pages', () => {
    const at = (...bytes: number[]): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => bytes[i] ?? 0);
    const nid = new Uint8Array(32).fill(0xaa);
    const addresses = ['/ip4/203.0.113.7/tcp/4001', '/dns4/edge.example/tcp/443'];
    const { encoded } = recordAt(7, { nid, addresses });
    expect(bytesToHex(encoded.subarray(0, -64))).to.equal(
      `0x02${'aa'.repeat(8)}000000070201cb0071070fa1040c656467652e6578616d706c6501bb`,
    );
    const witnesses = [1, 2].map((byte) => ({
      nid: new Uint8Array(32).fill(byte),
      publicKey: new Uint8Array(32),
      signature: new Uint8Array(64).fill(0x50 + byte),
    }));
    const failed = { kind: 'failed' as const, nid, incarnation: 7, witnesses };
    const interval = { from: at(0x80), to: at(0x81, 0x42) };
    const signed = [1, 2].map((byte) => `0${byte}`.repeat(8) + `5${byte}`.repeat(64)).join('');
    expect(bytesToHex(encodeMessage({ kind: 'spread', requestId: 1, interval, events: [failed] }))).to.equal(
      `0x0500000001128081420122${'aa'.repeat(8)}00000007${signed}`,
    );
    const request = { kind: 'snapshot-request' as const, requestId: 2, interval: WHOLE_RING };
    expect(bytesToHex(encodeMessage(request))).to.equal('0x070000000200');
    const rest = { from: at(0x40), to: at() };
    const digest12 = { high: 1, low: 2 };
    const page = { kind: 'snapshot-page' as const, requestId: 2, digest: digest12, rest, events: [] };
    expect(bytesToHex(encodeMessage(page))).to.equal('0x0800000002000000010000000201104000');
    expect(bytesToHex(encodeMessage({ kind: 'acknowledgement', requestId: 3 }))).to.equal('0x0600000003');
  });

  it('has the layouts of the specification for probes and repair', () => {
    expect(bytesToHex(encodeMessage({ kind: 'unreached', requestId: 4 }))).to.equal('0x1400000004');
    const wanted = [new Uint8Array(8).fill(1)];
    expect(bytesToHex(encodeMessage({ kind: 'sync-exchange', requestId: 6, wanted, events: [] }))).to.equal(
      `0x120000000601${'01'.repeat(8)}00`,
    );
    const node = [10, 11, 12].reduce((range, value) => childOf(range, value), ROOT);
    const entries = [{ name: new Uint8Array(8).fill(0xab), incarnation: 7, state: 'failed' as const }];
    const summary = { kind: 'sync-summary' as const, requestId: 5, answered: 1, parts: [{ node, entries }] };
    expect(bytesToHex(encodeMessage(summary))).to.equal(
      `0x110000000501000103abc001${'ab'.repeat(8)}0000000702`,
    );
  });
});
