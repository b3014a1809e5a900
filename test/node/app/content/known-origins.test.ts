import { expect } from 'chai';
import pino from 'pino';

import { KnownOrigins } from '../../../../node/app/content/known-origins.ts';
import { ClientError } from '../../../../sdk/client/client-error.ts';
import {
  contentOriginDigest,
  type ContentOrigin,
  type SignedContentOrigin,
} from '../../../../sdk/protocol/content-origin.ts';
import { parseAddress, parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';

const DOMAIN = { chainId: 31_337n, verifyingContract: parseAddress(`0x${'11'.repeat(20)}`) };
const PUBLISHER_KEY = new Uint8Array(32).fill(7);
const DEAL = {
  dealId: parseDealId(`0x${'22'.repeat(32)}`),
  publisher: secp256k1.addressOf(PUBLISHER_KEY),
};
const ORIGIN: ContentOrigin = {
  ...{ dealId: DEAL.dealId, kind: 'file', url: 'https://media.example/a', bytes: 5n },
  ...{ etag: '', lastModified: '', issuedAt: 1n },
};

function signed(origin: ContentOrigin, privateKey = PUBLISHER_KEY): SignedContentOrigin {
  return { origin, signature: secp256k1.sign(contentOriginDigest(DOMAIN, origin), privateKey) };
}

function refusalOf(code: string): ClientError {
  return new ClientError('MARKETPLACE_REFUSED', code, { values: { refusal: code }, remedy: '' });
}

describe('Origins as a node believes them', () => {
  let answer: SignedContentOrigin | ClientError;
  let asked: number;
  let nowMs: number;
  let origins: KnownOrigins;

  beforeEach(() => {
    answer = signed(ORIGIN);
    asked = 0;
    nowMs = 0;
    origins = new KnownOrigins({
      ask: async () => {
        asked += 1;
        if (answer instanceof ClientError) throw answer;
        return answer;
      },
      clock: { nowMs: () => nowMs },
      ...{ secp256k1, domain: DOMAIN, log: pino({ level: 'silent' }) },
    });
  });

  it('are asked for once in a minute, whoever needs them', async () => {
    await Promise.all(Array.from({ length: 8 }, () => origins.of(DEAL)));
    expect(await origins.of(DEAL)).to.deep.equal(ORIGIN);
    expect(asked).to.equal(1);
    nowMs = 60_000;
    answer = signed({ ...ORIGIN, url: 'https://media.example/b', issuedAt: 2n });
    expect((await origins.of(DEAL))?.url).to.equal('https://media.example/b');
  });

  it('are signed by the publisher of this deal, or none', async () => {
    const stranger = new Uint8Array(32).fill(8);
    const forgeries = [
      signed(ORIGIN, stranger),
      { ...signed(ORIGIN), origin: { ...ORIGIN, url: 'http://10.0.0.1/admin' } },
      signed({ ...ORIGIN, dealId: parseDealId(`0x${'33'.repeat(32)}`) }),
      signed({ ...ORIGIN, url: 'file:///etc/passwd' }),
      { origin: ORIGIN, signature: new Uint8Array(64) },
    ];
    for (const forgery of forgeries) {
      answer = forgery;
      nowMs += 60_000;
      expect(await origins.of(DEAL)).to.equal(undefined);
    }
  });

  it('end when the publisher takes them back', async () => {
    await origins.of(DEAL);
    for (const ended of [signed({ ...ORIGIN, kind: 'none', url: '' }), refusalOf('ORIGIN_NOT_FOUND')]) {
      nowMs += 60_000;
      answer = ended;
      expect(await origins.of(DEAL)).to.equal(undefined);
    }
  });

  it('go on while the coordinator is away', async () => {
    await origins.of(DEAL);
    nowMs = 60_000;
    answer = new ClientError('UNREACHABLE', 'nobody there', { remedy: '' });
    expect(await origins.of(DEAL)).to.deep.equal(ORIGIN);
    expect(await origins.of(DEAL)).to.deep.equal(ORIGIN);
    expect(asked).to.equal(2);
  });
});
