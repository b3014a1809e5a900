import { expect } from 'chai';
import { readFile } from 'node:fs/promises';

import { makeVectors } from '../../scripts/deploy/write-eip712-vectors.ts';
import { admissionDigest, audienceDigest } from '../../sdk/protocol/authorisation.ts';
import { bytesToHex, hexToBytes } from '../../sdk/protocol/bytes.ts';
import { domainSeparator } from '../../sdk/protocol/eip712.ts';
import { grantDigest } from '../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
} from '../../sdk/protocol/identifiers.ts';
import { receiptDigest } from '../../sdk/protocol/receipt.ts';
import { pureSecp256k1 } from '../../sdk/protocol/signature.ts';
import { voucherDigest } from '../../sdk/protocol/voucher.ts';
import { deployWorld, openChain, type World } from './market-fixture.ts';

interface Vector {
  readonly domain: 'local' | 'mainnet';
  readonly message: Readonly<Record<string, string>>;
  readonly privateKey: string;
  readonly signer: string;
  readonly digest: string;
  readonly signature: string;
}

interface Vectors {
  readonly domains: Readonly<
    Record<string, { chainId: string; verifyingContract: string; separator: string }>
  >;
  readonly grants: readonly Vector[];
  readonly receipts: readonly Vector[];
  readonly vouchers: readonly Vector[];
  readonly audiences: readonly Vector[];
  readonly admissions: readonly Vector[];
}

const file = new URL('../vectors/eip712.json', import.meta.url);

describe('shared EIP-712 vectors', () => {
  let vectors: Vectors;
  let world: World;
  before(async () => {
    vectors = JSON.parse(await readFile(file, 'utf8')) as Vectors;
    world = await deployWorld(await openChain());
  });
  const domainOf = (name: string) => {
    const domain = vectors.domains[name];
    if (domain === undefined) throw new TypeError(`no domain ${name}`);
    return { chainId: BigInt(domain.chainId), verifyingContract: parseAddress(domain.verifyingContract) };
  };
  const field = (vector: Vector, name: string): string => String(vector.message[name]);
  const grantOf = (vector: Vector) => ({
    dealId: parseDealId(field(vector, 'dealId')),
    node: parseAddress(field(vector, 'node')),
    viewerKey: parseAddress(field(vector, 'viewerKey')),
    epoch: parseEpoch(Number(field(vector, 'epoch'))),
    capBytes: BigInt(field(vector, 'capBytes')),
    contentRoot: parseContentRoot(field(vector, 'contentRoot')),
  });
  const receiptOf = (vector: Vector) => ({
    grantHash: parseGrantHash(field(vector, 'grantHash')),
    bytesCumulative: BigInt(field(vector, 'bytesCumulative')),
  });
  const voucherOf = (vector: Vector) => ({
    dealId: parseDealId(field(vector, 'dealId')),
    node: parseAddress(field(vector, 'node')),
    throughEpoch: parseEpoch(Number(field(vector, 'throughEpoch'))),
    cumulative: BigInt(field(vector, 'cumulative')),
  });
  const audienceOf = (vector: Vector) => ({
    dealId: parseDealId(field(vector, 'dealId')),
    audienceKey: parseAddress(field(vector, 'audienceKey')),
    issuedAt: BigInt(field(vector, 'issuedAt')),
  });
  const admissionOf = (vector: Vector) => ({
    dealId: parseDealId(field(vector, 'dealId')),
    viewerKey: parseAddress(field(vector, 'viewerKey')),
    expiresAt: BigInt(field(vector, 'expiresAt')),
  });

  it('are what ethers makes of the same messages', async () => {
    expect(JSON.parse(JSON.stringify(await makeVectors()))).to.deep.equal(vectors);
  });

  it('agree with the digests of the contract', async () => {
    const { market, deployment } = world;
    expect(deployment.market).to.equal(vectors.domains['local']?.verifyingContract);
    const local = (list: readonly Vector[]): Vector[] => list.filter((vector) => vector.domain === 'local');
    for (const vector of local(vectors.grants))
      expect(await market.hashGrant(grantOf(vector))).to.equal(vector.digest);
    for (const vector of local(vectors.receipts)) {
      expect(await market.hashReceipt(receiptOf(vector))).to.equal(vector.digest);
    }
    for (const vector of local(vectors.vouchers)) {
      expect(await market.hashVoucher(voucherOf(vector))).to.equal(vector.digest);
    }
    const read = await market.eip712Domain();
    expect([read.name, read.version, read.chainId]).to.deep.equal(['BCDN', '1', 31_337n]);
  });

  it('agree with the digests and signatures of the protocol', () => {
    for (const [name, domain] of Object.entries(vectors.domains)) {
      expect(bytesToHex(domainSeparator(domainOf(name)))).to.equal(domain.separator);
    }
    const check = (vector: Vector, digest: Uint8Array): void => {
      expect(bytesToHex(digest)).to.equal(vector.digest);
      expect(bytesToHex(pureSecp256k1.sign(digest, hexToBytes(vector.privateKey)))).to.equal(
        vector.signature,
      );
      expect(pureSecp256k1.recover(digest, hexToBytes(vector.signature))).to.equal(vector.signer);
    };
    for (const vector of vectors.grants) check(vector, grantDigest(domainOf(vector.domain), grantOf(vector)));
    for (const vector of vectors.receipts)
      check(vector, receiptDigest(domainOf(vector.domain), receiptOf(vector)));
    for (const vector of vectors.vouchers)
      check(vector, voucherDigest(domainOf(vector.domain), voucherOf(vector)));
    for (const vector of vectors.audiences)
      check(vector, audienceDigest(domainOf(vector.domain), audienceOf(vector)));
    for (const vector of vectors.admissions)
      check(vector, admissionDigest(domainOf(vector.domain), admissionOf(vector)));
  });
});
