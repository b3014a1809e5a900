import { expect } from 'chai';
import fc from 'fast-check';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { DialBackAllowance } from '../../../../node/core/dial-back/dial-back-allowance.ts';
import { DialBackError } from '../../../../node/core/dial-back/dial-back-error.ts';
import {
  decodeDialBackAnswer,
  encodeDialBackAnswer,
  requireDialBackRequest,
  type DialBackAnswer,
} from '../../../../node/core/dial-back/dial-back-message.ts';
import { canonicalAddress, parseEndpoint } from '../../../../node/core/dial-back/endpoint.ts';
import {
  MAX_ANSWER_BYTES,
  REQUEST_EVERY_SECONDS,
  REQUESTS_BURST,
  TOTAL_BURST,
} from '../../../../node/core/dial-back/limits.ts';

const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp';

describe('dialling back', () => {
  it('encodes an answer as its SPEC says', () => {
    const answer: DialBackAnswer = {
      outcome: 'dialled',
      observedAddress: '192.0.2.7',
      endpoints: [{ endpoint: '/ip4/192.0.2.7/tcp/80/http', result: 'another-node', ms: 258 }],
    };
    const text = (value: string): string => Buffer.from(value).toString('hex');
    expect(bytesToHex(encodeDialBackAnswer(answer))).to.equal(
      `0x0009${text('192.0.2.7')}011a${text('/ip4/192.0.2.7/tcp/80/http')}020102`,
    );
  });

  it('reads back every answer, and nothing else', () => {
    const endpoint = fc.record({
      endpoint: fc.stringMatching(/^[\x21-\x7e]{1,128}$/),
      result: fc.constantFrom(
        ...(['reached', 'unreachable', 'another-node', 'other-address', 'not-dialled'] as const),
      ),
      ms: fc.integer({ min: 0, max: 0xffff }),
    });
    const answers = fc.record({
      outcome: fc.constantFrom(...(['dialled', 'unregistered', 'too-often', 'busy'] as const)),
      observedAddress: fc.stringMatching(/^[0-9a-f:.]{0,45}$/),
      endpoints: fc.array(endpoint, { maxLength: 8 }),
    });
    fc.assert(
      fc.property(answers, fc.nat(), (answer, cut) => {
        const bytes = encodeDialBackAnswer(answer);
        expect(bytes.length).to.be.at.most(MAX_ANSWER_BYTES);
        expect(decodeDialBackAnswer(bytes)).to.deep.equal(answer);
        expect(() => decodeDialBackAnswer(bytes.subarray(0, cut % bytes.length))).to.throw(DialBackError);
        expect(() => decodeDialBackAnswer(Uint8Array.of(...bytes, 0))).to.throw(DialBackError);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
        try {
          expect(encodeDialBackAnswer(decodeDialBackAnswer(bytes))).to.deep.equal(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(DialBackError);
        }
      }),
    );
  });

  it('refuses text that would steer a terminal, and requests of another version', () => {
    const steering = encodeDialBackAnswer({
      outcome: 'dialled',
      observedAddress: '\u001b[2J',
      endpoints: [],
    });
    expect(() => decodeDialBackAnswer(steering)).to.throw(DialBackError);
    expect(() => requireDialBackRequest(Uint8Array.of(2))).to.throw(DialBackError);
    expect(() => requireDialBackRequest(Uint8Array.of(1, 1))).to.throw(DialBackError);
    requireDialBackRequest(Uint8Array.of(1));
  });

  it('knows gateways and libp2p addresses, and dials nothing else', () => {
    expect(parseEndpoint('/ip4/192.0.2.7/tcp/8080/http')).to.deep.include({ plane: 'http', port: 8080 });
    expect(parseEndpoint(`/dns/edge.example/tcp/4001/p2p/${PEER}`)).to.deep.include({
      plane: 'libp2p',
      host: { kind: 'dns', name: 'edge.example' },
      webSocket: false,
    });
    expect(parseEndpoint(`/ip6/2001:db8::1/tcp/4002/ws/p2p/${PEER}`)).to.deep.include({ webSocket: true });
    for (const other of [
      `/ip4/192.0.2.7/tcp/4001/p2p/${PEER}/p2p-circuit/p2p/${PEER}`,
      `/ip4/192.0.2.7/udp/4001/quic-v1/p2p/${PEER}`,
      '/ip4/192.0.2.7/tcp/0/http',
      '/ip4/192.0.2.7/tcp/70000/http',
      '/ip4/256.0.2.7/tcp/80/http',
      '/ip4/192.0.2.7/tcp/80/https',
      '/ip4/192.0.2.7/tcp/80/http/x',
      '',
    ]) {
      expect(parseEndpoint(other), other).to.equal(undefined);
    }
  });

  it('takes an address in IPv6 clothes for what it is', () => {
    expect(canonicalAddress('::ffff:192.0.2.7')).to.equal('192.0.2.7');
    expect(canonicalAddress('2001:DB8::1')).to.equal('2001:db8::1');
    expect(canonicalAddress('edge.example')).to.equal(undefined);
  });

  it('rations each asker, and all of them together', () => {
    const one = new DialBackAllowance();
    const taken = Array.from({ length: REQUESTS_BURST + 1 }, () => one.take('a', 0));
    expect(taken).to.deep.equal([...Array.from({ length: REQUESTS_BURST }, () => true), false]);
    expect(one.take('b', 0)).to.equal(true);
    expect(one.take('a', REQUEST_EVERY_SECONDS * 1_000)).to.equal(true);
    expect(one.take('a', REQUEST_EVERY_SECONDS * 1_000)).to.equal(false);
    const all = new DialBackAllowance();
    const good = Array.from({ length: 100 }, (_, index) => all.take(`node ${index}`, 0)).filter(Boolean);
    expect(good).to.have.length(TOTAL_BURST);
  });
});
