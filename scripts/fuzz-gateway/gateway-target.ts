import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { base64UrlEncode } from '../../sdk/protocol/bytes.ts';
import { encodeSignedUpload, uploadDigest, type Upload } from '../../sdk/protocol/authorisation.ts';
import { contentRootOf } from '../../sdk/protocol/content.ts';
import { encodeSignedGrant, grantDigest, grantHashOf, type Grant } from '../../sdk/protocol/grant.ts';
import { parseEpoch } from '../../sdk/protocol/identifiers.ts';
import { encodeSignedReceipt, receiptDigest } from '../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { ChildProcesses } from '../devnet/child-processes.ts';
import { fuzzedContent, type FuzzedContent } from './fuzzed-content.ts';
import { FuzzError } from './fuzz-error.ts';
import { addressOf, NOW_MS, SETUP } from './gateway-setup.ts';
import type { FuzzedGrant, Target } from './target.ts';

const PROGRAM = join(import.meta.dirname, 'gateway-process.ts');
const GRANTS = 48;
const RECEIPTS = 8;
const RECEIPT_STEP_BYTES = 10_000n;
const UPLOAD_BYTES = [0n, 100n, 10_000n, 2n ** 60n];
const DAY_SECONDS = 86_400;

/** Starts the gateway in a process of its own, with content that partly lies. */
export async function startGateway(seed: number, options: { readonly rationed: boolean }): Promise<Target> {
  const directory = await mkdtemp(join(tmpdir(), 'bcdn-fuzz-'));
  const processes = new ChildProcesses(directory);
  try {
    const { content } = await fuzzedContent(seed);
    const argv = [PROGRAM, '--directory', directory, '--seed', String(seed)];
    const child = processes.start({
      name: 'gateway',
      argv: options.rationed ? [...argv, '--rationed'] : argv,
    });
    const { host, port } = await child.message('ready');
    if (typeof host !== 'string' || typeof port !== 'number')
      throw new FuzzError('TARGET_OUTPUT_INVALID', 'The gateway did not say where it listens.');
    return {
      ...{
        host,
        port,
        content,
        grants: grantsFor(content),
        uploads: uploadsFor(),
        uploadPath: SETUP.uploadRoot.toString(),
        ownHandles: 0,
      },
      pids: async () => (child.running ? [child.pid] : []),
      alive: async () => child.running,
      stop: async () => {
        await child.stop();
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await processes.stopAll();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Most are good; some are for another epoch, another node or nothing at all. */
function grantsFor(content: FuzzedContent): FuzzedGrant[] {
  const { node, dealId, epoch, keys, domain } = SETUP;
  const good: Grant = {
    ...{ dealId, node, epoch, viewerKey: addressOf(keys.viewer) },
    ...{ capBytes: 2n ** 40n, contentRoot: contentRootOf(content.root) },
  };
  const odd: readonly Partial<Grant>[] = [
    ...[{ capBytes: 0n }, { capBytes: 1n }, { capBytes: 2n ** 64n - 1n }, { epoch: parseEpoch(epoch + 1) }],
    ...[{ epoch: parseEpoch(0) }, { node: addressOf(keys.grant) }, { viewerKey: addressOf(keys.grant) }],
  ];
  return Array.from({ length: GRANTS }, (_, i) => {
    const grant = { ...good, capBytes: good.capBytes + BigInt(i), ...odd[i] };
    const signature = nativeSecp256k1.sign(grantDigest(domain, grant), keys.grant);
    const receipts = Array.from({ length: RECEIPTS }, (_unused, n) => {
      const receipt = {
        grantHash: grantHashOf(domain, grant),
        bytesCumulative: BigInt(n) * RECEIPT_STEP_BYTES,
      };
      const signed = nativeSecp256k1.sign(receiptDigest(domain, receipt), keys.viewer);
      return base64UrlEncode(encodeSignedReceipt({ receipt, signature: signed }));
    });
    return { grant: base64UrlEncode(encodeSignedGrant({ grant, signature })), receipts };
  });
}

function uploadsFor(): string[] {
  const { node, uploadDealId, uploadRoot, keys, domain } = SETUP;
  const nowSeconds = Math.floor(NOW_MS / 1_000);
  return UPLOAD_BYTES.map((bytes, i) => {
    const upload: Upload = {
      ...{ dealId: uploadDealId, node, bytes, contentRoot: contentRootOf(uploadRoot) },
      expiresAt: BigInt(nowSeconds + (i % 2 === 0 ? DAY_SECONDS / 2 : -1)),
    };
    const signature = nativeSecp256k1.sign(uploadDigest(domain, upload), keys.publisher);
    return base64UrlEncode(encodeSignedUpload({ upload, signature }));
  });
}
