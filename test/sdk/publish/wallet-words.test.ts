import { expect } from 'chai';
import { Wallet } from 'ethers';

import { audienceDigest, AUDIENCE_TYPE, OPEN_AUDIENCE } from '../../../sdk/protocol/authorisation.ts';
import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import {
  CONTENT_NOTICE_TYPE,
  contentNoticeDigest,
  type ContentNotice,
} from '../../../sdk/protocol/content-notice.ts';
import { parseAddress, parseContentRoot, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';
import { messageToSign, signedByPublisher } from '../../../sdk/publish/wallet-words.ts';

const domain = { chainId: 31337n, verifyingContract: parseAddress(`0x${'22'.repeat(20)}`) };
const dealId = parseDealId(`0x${'d1'.repeat(32)}`);
const wallet = new Wallet(`0x${'07'.repeat(32)}`);
const publisher = parseAddress(wallet.address.toLowerCase());
const audience = { dealId, audienceKey: OPEN_AUDIENCE, issuedAt: 1_800_000_000n };
const notice: ContentNotice = {
  ...{ dealId, kind: 'purge', contentRoot: parseContentRoot(`0x${'c0'.repeat(32)}`) },
  ...{ path: '/films/draft.mp4', tag: '', sequence: 2n ** 64n - 1n, issuedAt: 1_800_000_000n },
};

describe('words of a publisher, signed by a wallet', () => {
  for (const { what, type, message, digest } of [
    { what: 'an audience', type: AUDIENCE_TYPE, message: audience, digest: audienceDigest(domain, audience) },
    {
      ...{ what: 'a notice', type: CONTENT_NOTICE_TYPE, message: notice },
      digest: contentNoticeDigest(domain, notice),
    },
  ]) {
    it(`${what} verifies as one that was signed here`, async () => {
      const asked = messageToSign(domain, type, message);
      const answered = (await wallet.signTypedData(asked.domain, asked.types, asked.value)) as Hex;
      const signature = signedByPublisher({ publisher, digest, secp256k1: pureSecp256k1 }, answered);
      expect(signature).to.have.length(64);
      expect(
        signedByPublisher({ publisher, digest, secp256k1: pureSecp256k1 }, bytesToHex(signature)),
      ).to.deep.equal(signature);
    });
  }

  it('are refused where another account signed', async () => {
    const { types, value, domain: shown } = messageToSign(domain, AUDIENCE_TYPE, audience);
    const answered = (await wallet.signTypedData(shown, types, value)) as Hex;
    const other = parseAddress(`0x${'11'.repeat(20)}`);
    const asked = { publisher: other, digest: audienceDigest(domain, audience), secp256k1: pureSecp256k1 };
    expect(() => signedByPublisher(asked, answered))
      .to.throw(PublishError)
      .with.property('code', 'SIGNER_UNEXPECTED');
  });
});
