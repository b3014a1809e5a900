import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { fingerprintBits } from '../../../../node/core/cooperation-group/content-fingerprint.ts';
import {
  decodeGroupMessage,
  encodeGroupMessage,
} from '../../../../node/core/cooperation-group/group-codec.ts';
import {
  MAX_FINGERPRINT_BITS,
  MAX_GROUP_MESSAGE_BYTES,
  MAX_SUMMARY_CONTENTS,
} from '../../../../node/core/cooperation-group/group-limits.ts';
import type { GroupMessage } from '../../../../node/core/cooperation-group/group-message.ts';
import { RingError } from '../../../../node/core/one-hop-ring/ring-error.ts';

const uint32 = fc.nat(0xffff_ffff);
const byte = fc.nat(255);
const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const summary = fc.record({ salt: uint32, version: uint32 });
const values = fc.uniqueArray(uint32, { maxLength: 20 }).map((each) => Uint32Array.from(each).sort());
const message: fc.Arbitrary<GroupMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('state' as const),
    load: byte,
    freeKiBps: uint32,
    stampMs: uint32,
    echo: fc.option(fc.record({ stampMs: uint32, heldMs: uint32 }), { nil: undefined }),
    summary,
    change: fc.option(fc.record({ added: values, removed: values }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('summary-request' as const) }),
  fc
    .tuple(summary, fc.uniqueArray(fc.nat(2 ** 13 - 1), { maxLength: 64 }))
    .map(([version, fingerprints]) => ({
      kind: 'summary' as const,
      summary: version,
      bits: 13,
      fingerprints: Uint32Array.from(fingerprints).sort(),
    })),
  fc.record({ kind: fc.constant('locate-request' as const), requestId: uint32, key: id }),
  fc.record({
    kind: fc.constant('located' as const),
    requestId: uint32,
    servers: fc.array(fc.record({ nid: id, load: byte, freeKiBps: uint32 }), { maxLength: 32 }),
  }),
);

/** The refusal of these bytes; undefined if they are a message. Anything but a RingError fails the test. */
function refusalOf(bytes: Uint8Array): string | undefined {
  try {
    const decoded = decodeGroupMessage(bytes);
    expect(encodeGroupMessage(decoded), 'one encoding for each message').to.deep.equal(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof RingError) return error.code;
    throw error;
  }
}

describe('messages of a cooperation group', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(decodeGroupMessage(encodeGroupMessage(each))).to.deep.equal(each);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused with a coded error, or are exactly what was written, whatever comes', () => {
    const mutated = fc
      .tuple(message, fc.array(fc.tuple(fc.nat(200), byte), { minLength: 1, maxLength: 4 }))
      .map(([each, changes]) => {
        const bytes = encodeGroupMessage(each);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      });
    const noise = fc
      .tuple(fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 120 }))
      .map(([code, bytes]) => Uint8Array.of(code, ...bytes));
    fc.assert(
      fc.property(fc.oneof(mutated, noise), (bytes) => {
        const code = refusalOf(bytes);
        if (code !== undefined) expect(code).to.match(/^RING_WIRE_/);
      }),
      { numRuns: 10_000 },
    );
  });

  it('are refused when cut or lengthened', () => {
    fc.assert(
      fc.property(message, fc.nat(), (each, at) => {
        const bytes = encodeGroupMessage(each);
        expect(refusalOf(bytes.slice(0, at % bytes.length))).to.match(/^RING_WIRE_/);
        expect(refusalOf(Uint8Array.of(...bytes, 0))).to.equal('RING_WIRE_TRAILING');
      }),
    );
  });

  it('keep to their limits', () => {
    const bits = fingerprintBits(MAX_SUMMARY_CONTENTS);
    const fingerprints = Uint32Array.from({ length: MAX_SUMMARY_CONTENTS }, (_, i) => i * 170);
    const version = { salt: 1, version: 1 };
    const whole = encodeGroupMessage({ kind: 'summary', summary: version, bits, fingerprints });
    expect(bits).to.equal(MAX_FINGERPRINT_BITS);
    expect(whole.length).to.be.at.most(MAX_GROUP_MESSAGE_BYTES);
    expect(refusalOf(new Uint8Array(MAX_GROUP_MESSAGE_BYTES + 1))).to.equal('RING_WIRE_TOO_LONG');
    expect(refusalOf(Uint8Array.of(9))).to.equal('RING_WIRE_KIND_UNKNOWN');
    expect(refusalOf(Uint8Array.of(5, 0, 0, 0, 1, 33))).to.equal('RING_WIRE_VALUE_INVALID');
  });

  it('refuse a summary that claims nearly everything', () => {
    const dense = encodeGroupMessage({
      kind: 'summary',
      summary: { salt: 1, version: 1 },
      bits: 7,
      fingerprints: Uint32Array.from({ length: 128 }, (_, i) => i),
    });
    expect(refusalOf(dense)).to.equal('RING_WIRE_VALUE_INVALID');
  });

  it('have the bytes of the specification', () => {
    const state = {
      kind: 'state',
      load: 9,
      freeKiBps: 1_024,
      stampMs: 0x01020304,
      echo: { stampMs: 5, heldMs: 6 },
      summary: { salt: 7, version: 2 },
      change: { added: Uint32Array.of(3), removed: new Uint32Array() },
    } as const;
    expect(bytesToHex(encodeGroupMessage(state))).to.equal(
      '0x010900000400010203040100000005000000060000000700000002010001000000030000',
    );
    expect(
      bytesToHex(
        encodeGroupMessage({
          kind: 'summary',
          summary: { salt: 7, version: 2 },
          bits: 9,
          fingerprints: Uint32Array.of(3, 300),
        }),
      ),
    ).to.equal('0x030000000700000002090002000303ca00');
  });
});
