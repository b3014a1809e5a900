import { createHash } from 'node:crypto';

import { expect } from 'chai';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import fc from 'fast-check';

import {
  cidOfContentRoot,
  contentRootOf,
  parseCid,
  RAW_CODEC,
  ringKeyOf,
  verifyBlock,
} from '../../../sdk/protocol/content.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { MAX_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const rawCid = (bytes: Uint8Array): CID => CID.createV1(RAW_CODEC, createDigest(0x12, sha256(bytes)));

async function refusal(promise: Promise<void>): Promise<ProtocolError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  return expect.fail('nothing was refused');
}

describe('content', () => {
  it('a block is accepted only under the name of its own bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), async (bytes, position) => {
        await verifyBlock(rawCid(bytes), bytes, sha256);
        if (bytes.length === 0) return;
        const corrupted = bytes.slice();
        const index = position % bytes.length;
        corrupted[index] = (corrupted[index] ?? 0) ^ 1;
        const error = await refusal(verifyBlock(rawCid(bytes), corrupted, sha256));
        expect(error.code).to.equal('BLOCK_HASH_MISMATCH');
        expect(error.values).to.include({ cid: rawCid(bytes).toString(), length: bytes.length });
      }),
    );
  });

  it('a block over the limit is refused before it is hashed', async () => {
    const huge = new Uint8Array(MAX_BLOCK_BYTES + 1);
    const error = await refusal(verifyBlock(rawCid(huge), huge, () => expect.fail('it was hashed')));
    expect(error).to.deep.include({
      code: 'BLOCK_TOO_LARGE',
      values: { length: MAX_BLOCK_BYTES + 1, max: MAX_BLOCK_BYTES },
    });
  });

  it('a content root, its codec and its CID stand for each other', () => {
    const cid = parseCid('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
    const root = contentRootOf(cid);
    expect(root).to.equal(`0x${createHash('sha256').digest('hex')}`);
    expect(cidOfContentRoot(root, cid.code).equals(cid)).to.equal(true);
    expect(Buffer.from(ringKeyOf(root)).toString('hex')).to.equal(root.slice(2));
  });

  const refused: readonly [text: string, code: string][] = [
    ['', 'CID_INVALID'],
    ['not-a-cid', 'CID_INVALID'],
    ['b'.repeat(129), 'CID_INVALID'],
    ['bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk', 'CID_INVALID'],
    // The identity hash carries its bytes inside the CID: nothing to fetch, and a way around size limits.
    [CID.createV1(RAW_CODEC, createDigest(0, new Uint8Array(32))).toString(), 'CID_UNSUPPORTED'],
    [CID.createV1(0x71, createDigest(0x12, new Uint8Array(32))).toString(), 'CID_UNSUPPORTED'],
    [CID.createV1(RAW_CODEC, createDigest(0x12, new Uint8Array(20))).toString(), 'CID_UNSUPPORTED'],
  ];
  for (const [text, code] of refused) {
    it(`refuses ${text.slice(0, 20) || 'the empty text'} … with ${code}`, () => {
      expect(() => parseCid(text))
        .to.throw(ProtocolError)
        .with.property('code', code);
    });
  }
});
