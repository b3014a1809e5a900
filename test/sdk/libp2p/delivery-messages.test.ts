import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';

import {
  decodeAnswer,
  encodeBlockHead,
  encodeRecorded,
  encodeRefused,
  parseRefusal,
  type DeliveryAnswer,
  type Standing,
} from '../../../sdk/libp2p/delivery-answers.ts';
import { MAX_REFUSAL_BYTES } from '../../../sdk/libp2p/delivery-limits.ts';
import { deliveryProtocol, DeliveryMessageError } from '../../../sdk/libp2p/delivery-protocol.ts';
import { decodeRequest, encodeRequest, type DeliveryRequest } from '../../../sdk/libp2p/delivery-requests.ts';
import { frame, FrameReader } from '../../../sdk/libp2p/frames.ts';
import { bytesToHex, concatBytes, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseGrantHash } from '../../../sdk/protocol/identifiers.ts';

interface Vector {
  readonly name: string;
  readonly body: string;
  readonly [field: string]: unknown;
}
interface Vectors {
  readonly requests: readonly Vector[];
  readonly answers: readonly Vector[];
  readonly malformedRequests: readonly Vector[];
  readonly malformedAnswers: readonly Vector[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/delivery-messages.json', import.meta.url), 'utf8'),
) as Vectors;

/** A message as a vector writes it. */
function plain(message: DeliveryRequest | DeliveryAnswer): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]): [string, unknown] => {
      if (value instanceof Uint8Array && name === 'body') {
        return ['error', (parseRefusal(value) as { error: unknown }).error];
      }
      if (value instanceof Uint8Array) return [name, bytesToHex(value)];
      if (name === 'cid') return [name, String(value)];
      return [name, value ?? null];
    }),
  );
}

function fieldsOf({ name: _name, body: _body, ...fields }: Vector): Record<string, unknown> {
  return fields;
}

function codeOf(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof DeliveryMessageError) return error.code;
    throw error;
  }
  return 'decoded';
}

describe('messages of delivery over streams', () => {
  it('belong to a protocol that names chain and market', () => {
    const verifyingContract = parseAddress(`0x${'ab'.repeat(20)}`);
    expect(deliveryProtocol({ chainId: 31337n, verifyingContract })).to.equal(
      `/bcdn/31337/0x${'ab'.repeat(20)}/delivery/1`,
    );
  });

  for (const vector of vectors.requests) {
    it(`of a client are those of the vectors: ${vector.name}`, () => {
      const decoded = decodeRequest(hexToBytes(vector.body));
      expect(plain(decoded)).to.deep.equal(fieldsOf(vector));
      expect(bytesToHex(encodeRequest(decoded))).to.equal(vector.body);
    });
  }

  for (const vector of vectors.answers) {
    it(`of a node are those of the vectors: ${vector.name}`, () => {
      const decoded = decodeAnswer(hexToBytes(vector.body));
      expect(plain(decoded)).to.deep.equal(fieldsOf(vector));
      expect(bytesToHex(encoded(decoded))).to.equal(vector.body);
    });
  }

  for (const { name, body } of vectors.malformedRequests) {
    it(`of a client are refused: ${name}`, () => {
      expect(codeOf(() => decodeRequest(hexToBytes(body)))).to.equal('DELIVERY_MESSAGE_MALFORMED');
    });
  }

  for (const { name, body } of vectors.malformedAnswers) {
    it(`of a node are refused: ${name}`, () => {
      expect(codeOf(() => decodeAnswer(hexToBytes(body)))).to.equal('DELIVERY_MESSAGE_MALFORMED');
    });
  }

  it('are decoded or refused with a code, whatever the bytes are', () => {
    const kinds = fc.constantFrom(1, 2, 3, 4, 0x81, 0x82, 0x83, 0, 5, 255);
    const bodies = fc
      .tuple(kinds, fc.uint8Array({ maxLength: 300 }))
      .map(([kind, rest]) => Uint8Array.of(kind, ...rest));
    const near = fc
      .tuple(fc.constantFrom(...vectors.requests, ...vectors.answers), fc.nat(), fc.nat(255), fc.nat(400))
      .map(([{ body }, at, value, length]) => {
        const bytes = hexToBytes(body);
        bytes[at % bytes.length] = value;
        return bytes.subarray(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(bodies, near), (body) => {
        for (const decode of [decodeRequest, decodeAnswer]) {
          expect(codeOf(() => decode(body))).to.be.oneOf(['decoded', 'DELIVERY_MESSAGE_MALFORMED']);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('come back as they were encoded', () => {
    const lane = fc.nat(63);
    const request = fc.nat(0xffff_ffff);
    const cid = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');
    const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const messages = fc.oneof(
      fc.record({ kind: fc.constant('present' as const), lane, grant: exactly(181) }),
      fc.record({ kind: fc.constant('receipt' as const), lane, receipt: exactly(105) }),
      fc.record({ kind: fc.constant('want' as const), request, lane, cid: fc.constant(cid) }),
      fc.record({ kind: fc.constant('settle' as const), request, receipts: exactly(315) }),
    );
    fc.assert(
      fc.property(messages, (message) => {
        expect(plain(decodeRequest(encodeRequest(message)))).to.deep.equal(plain(message));
      }),
    );
  });

  it('keep a refusal within its limit: values go first', () => {
    const values = { reason: 'x'.repeat(MAX_REFUSAL_BYTES) };
    const error = { code: 'INTERNAL', message: 'm', values, remedy: 'r' };
    const decoded = decodeAnswer(encodeRefused(1, { status: 500, standing: undefined, body: { error } }));
    expect(plain(decoded)['error']).to.deep.equal({ ...error, values: {} });
  });
});

describe('frames', () => {
  it('are the same however their bytes come', () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 });
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(30)), (sent, cuts) => {
        const got: Uint8Array[] = [];
        const reader = new FrameReader({ onFrame: (body) => got.push(body) }, { maxBytes: 60 });
        let rest = concatBytes(...sent.map(frame));
        for (const cut of cuts) {
          reader.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        reader.push(rest);
        expect(got.map((body) => [...body])).to.deep.equal(sent.map((body) => [...body]));
      }),
    );
  });

  it('tell how much of a message is there', () => {
    const told: number[] = [];
    const reader = new FrameReader(
      { onFrame: () => told.push(-1), onProgress: (_body, filled) => told.push(filled) },
      { maxBytes: 10 },
    );
    const framed = frame(new Uint8Array(10));
    reader.push(framed.subarray(0, 7));
    reader.push(framed.subarray(7));
    expect(told).to.deep.equal([3, 10, -1]);
  });

  for (const length of [0, 61, 0xffff_ffff]) {
    it(`of ${length} bytes are refused before anything is set aside`, () => {
      const reader = new FrameReader({ onFrame: () => undefined }, { maxBytes: 60 });
      const announced = new Uint8Array(4);
      new DataView(announced.buffer).setUint32(0, length);
      expect(codeOf(() => reader.push(announced))).to.equal('DELIVERY_MESSAGE_TOO_LONG');
    });
  }
});

function encoded(answer: DeliveryAnswer): Uint8Array {
  const { request } = answer;
  if (answer.kind === 'block') return concatBytes(encodeBlockHead(request, answer.standing), answer.block);
  if (answer.kind === 'recorded') {
    const recorded = answer.recorded.map(({ grantHash, bytes }) => ({
      grantHash: parseGrantHash(grantHash),
      bytes,
    }));
    return encodeRecorded(request, recorded);
  }
  const standing: Standing | undefined = answer.standing;
  const body = parseRefusal(answer.body) as Parameters<typeof encodeRefused>[1]['body'];
  return encodeRefused(request, { status: answer.status, standing, body });
}
