import { expect } from 'chai';
import { Wallet } from 'ethers';

import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import { contentOriginDigest, type ContentOrigin } from '../../../sdk/protocol/content-origin.ts';
import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { pureSecp256k1, signerOf } from '../../../sdk/protocol/signature.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';
import { originSignedBy, originToSign } from '../../../sdk/publish/wallet-origin.ts';

const domain = { chainId: 31337n, verifyingContract: parseAddress(`0x${'22'.repeat(20)}`) };
const origin: ContentOrigin = {
  ...{ dealId: parseDealId(`0x${'d1'.repeat(32)}`), kind: 'file', url: 'https://media.example/film.mp4' },
  ...{ bytes: 1_000n, etag: '"v1"', lastModified: '', issuedAt: 1_800_000_000n },
};

describe('an origin signed by a wallet', () => {
  it('is shown by its members, and verifies as one that was signed here', async () => {
    // Both parities occur among these keys.
    for (let key = 1; key <= 8; key++) {
      const wallet = new Wallet(`0x${key.toString(16).padStart(64, '0')}`);
      const publisher = parseAddress(wallet.address.toLowerCase());
      const { types, value, domain: shown } = originToSign(domain, origin);
      const long = (await wallet.signTypedData(shown, types, value)) as Hex;
      const signed = originSignedBy({ domain, publisher, secp256k1: pureSecp256k1 }, origin, long);
      expect(signerOf(pureSecp256k1, contentOriginDigest(domain, origin), signed.signature)).to.equal(
        publisher,
      );
      const compact = bytesToHex(signed.signature);
      expect(
        originSignedBy({ domain, publisher, secp256k1: pureSecp256k1 }, origin, compact).signature,
      ).to.deep.equal(signed.signature);
    }
  });

  it('is refused where another account signed, before anything is paid', async () => {
    const wallet = new Wallet(`0x${'07'.repeat(32)}`);
    const publisher = parseAddress(`0x${'11'.repeat(20)}`);
    const { types, value, domain: shown } = originToSign(domain, origin);
    const long = (await wallet.signTypedData(shown, types, value)) as Hex;
    const sign = () => originSignedBy({ domain, publisher, secp256k1: pureSecp256k1 }, origin, long);
    expect(sign).to.throw(PublishError).with.property('code', 'SIGNER_UNEXPECTED');
  });
});
