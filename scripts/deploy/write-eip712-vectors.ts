/**
 * Writes test/vectors/eip712.json: messages with digests and signatures made with ethers from fixed keys. Contracts
 * and TypeScript are checked against the same file.
 *
 * node scripts/deploy/write-eip712-vectors.ts
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Signature, TypedDataEncoder, Wallet, id, type TypedDataField } from 'ethers';

import { REPOSITORY_ROOT } from './hardhat-environment.ts';

const GRANT_TYPE = fields(
  'bytes32 dealId,address node,address viewerKey,uint32 epoch,uint64 capBytes,bytes32 contentRoot',
);
const RECEIPT_TYPE = fields('bytes32 grantHash,uint64 bytesCumulative');
const VOUCHER_TYPE = fields('bytes32 dealId,address node,uint32 throughEpoch,uint128 cumulative');
const UPLOAD_TYPE = fields('bytes32 dealId,address node,bytes32 contentRoot,uint64 bytes,uint64 expiresAt');
const GRANT_REQUEST_TYPE = fields('address viewerKey,bytes32 dealId,bytes32 nonce,uint64 expiresAt');
const AUDIENCE_TYPE = fields('bytes32 dealId,address audienceKey,uint64 issuedAt');
const ADMISSION_TYPE = fields('bytes32 dealId,address viewerKey,uint64 expiresAt');

const MAX_UINT32 = 2 ** 32 - 1;
const MAX_UINT64 = ((1n << 64n) - 1n).toString();
const MAX_UINT128 = ((1n << 128n) - 1n).toString();

type Message = Readonly<Record<string, string | number>>;
type Domain = { name: string; version: string; chainId: string; verifyingContract: string };

interface Vector {
  readonly domain: string;
  readonly message: Message;
  readonly privateKey: string;
  readonly signer: string;
  readonly digest: string;
  readonly signature: string;
}

function fields(list: string): TypedDataField[] {
  return list.split(',').map((field) => {
    const [type = '', name = ''] = field.split(' ');
    return { type, name };
  });
}

const keyOf = (word: string): Wallet => new Wallet(id(`bcdn vector key ${word}`));
const addressOf = (word: string): string => keyOf(word).address.toLowerCase();

/** `local`: where the first deployment of the local chain's first account puts the market. */
const domains: Readonly<Record<string, Domain>> = {
  local: domain('31337', '0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0'),
  mainnet: domain('1', '0x00000000000000000000000000000000000bcd01'),
};

function domain(chainId: string, verifyingContract: string): Domain {
  return { name: 'BCDN', version: '1', chainId, verifyingContract };
}

async function vector(
  domainName: string,
  type: [string, TypedDataField[]],
  message: Message,
  word: string,
): Promise<Vector> {
  const key = keyOf(word);
  const on = domains[domainName] ?? domain('0', '0x');
  const types = { [type[0]]: type[1] };
  const signature = Signature.from(await key.signTypedData(on, types, message)).compactSerialized;
  const digest = TypedDataEncoder.hash(on, types, message);
  return {
    domain: domainName,
    message,
    privateKey: key.privateKey,
    signer: addressOf(word),
    digest,
    signature,
  };
}

const grants: Message[] = [
  {
    dealId: id('deal'),
    node: addressOf('node'),
    viewerKey: addressOf('viewer'),
    epoch: 20_778,
    capBytes: '1048576',
    contentRoot: id('content'),
  },
  {
    dealId: `0x${'00'.repeat(32)}`,
    node: `0x${'00'.repeat(20)}`,
    viewerKey: `0x${'00'.repeat(20)}`,
    epoch: 0,
    capBytes: '0',
    contentRoot: `0x${'00'.repeat(32)}`,
  },
  {
    dealId: `0x${'ff'.repeat(32)}`,
    node: `0x${'ff'.repeat(20)}`,
    viewerKey: addressOf('viewer'),
    epoch: MAX_UINT32,
    capBytes: MAX_UINT64,
    contentRoot: `0x${'ff'.repeat(32)}`,
  },
];

const vouchers: Message[] = [
  { dealId: id('deal'), node: addressOf('node'), throughEpoch: 20_778, cumulative: '1234567890123456789' },
  { dealId: id('deal'), node: addressOf('node'), throughEpoch: 0, cumulative: '0' },
  {
    dealId: `0x${'ff'.repeat(32)}`,
    node: addressOf('node'),
    throughEpoch: MAX_UINT32,
    cumulative: MAX_UINT128,
  },
];

const upload: Message = {
  dealId: id('deal'),
  node: addressOf('node'),
  contentRoot: id('content'),
  bytes: '314572800',
  expiresAt: '1795248000',
};

const grantRequest: Message = {
  viewerKey: addressOf('viewer'),
  dealId: id('deal'),
  nonce: id('nonce'),
  expiresAt: '1795248000',
};

const audiences: Message[] = [
  { dealId: id('deal'), audienceKey: addressOf('audience'), issuedAt: '1795248000' },
  { dealId: id('deal'), audienceKey: `0x${'00'.repeat(20)}`, issuedAt: MAX_UINT64 },
];

const admission: Message = {
  dealId: id('deal'),
  viewerKey: addressOf('viewer'),
  expiresAt: '1795248000',
};

/** All vectors; the same in every run. */
export async function makeVectors(): Promise<Record<string, unknown>> {
  const grantVectors: Vector[] = [];
  const receipts: Vector[] = [];
  const voucherVectors: Vector[] = [];
  const uploads: Vector[] = [];
  const grantRequests: Vector[] = [];
  const audienceVectors: Vector[] = [];
  const admissions: Vector[] = [];
  for (const name of Object.keys(domains)) {
    for (const message of grants)
      grantVectors.push(await vector(name, ['Grant', GRANT_TYPE], message, 'grant key'));
    for (const message of vouchers) {
      voucherVectors.push(await vector(name, ['Voucher', VOUCHER_TYPE], message, 'collector'));
    }
    uploads.push(await vector(name, ['Upload', UPLOAD_TYPE], upload, 'publisher'));
    grantRequests.push(await vector(name, ['GrantRequest', GRANT_REQUEST_TYPE], grantRequest, 'viewer'));
    for (const message of audiences)
      audienceVectors.push(await vector(name, ['Audience', AUDIENCE_TYPE], message, 'publisher'));
    admissions.push(await vector(name, ['Admission', ADMISSION_TYPE], admission, 'audience'));
  }
  for (const { domain: name, digest } of grantVectors) {
    for (const bytesCumulative of ['1', '1048576', MAX_UINT64]) {
      receipts.push(
        await vector(name, ['Receipt', RECEIPT_TYPE], { grantHash: digest, bytesCumulative }, 'viewer'),
      );
    }
  }
  const separated = Object.entries(domains).map(([name, on]) => [
    name,
    { ...on, separator: TypedDataEncoder.hashDomain(on) },
  ]);
  return {
    about: 'Written by scripts/deploy/write-eip712-vectors.ts with ethers. Signatures are EIP-2098, low s.',
    domains: Object.fromEntries(separated) as unknown,
    grants: grantVectors,
    receipts,
    vouchers: voucherVectors,
    uploads,
    grantRequests,
    audiences: audienceVectors,
    admissions,
  };
}

if (process.argv[1] === import.meta.filename) {
  const path = join(REPOSITORY_ROOT, 'test', 'vectors', 'eip712.json');
  await writeFile(path, `${JSON.stringify(await makeVectors(), null, 2)}\n`);
}
