import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../../sdk/pacing/clock.ts';
import { domainOf, MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { ViewerSession } from '../../sdk/client/viewer-session.ts';
import { base64UrlEncode } from '../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../sdk/protocol/content.ts';
import { encodeSignedReceipt } from '../../sdk/protocol/receipt.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { nativeSecp256k1 as secp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { SmallNetwork } from '../kills/small-network.ts';
import { noise } from './fuzzed-content.ts';
import { familyOf } from './process-figures.ts';
import type { FuzzedGrant, Target } from './target.ts';

const CONTENT_BYTES = 100_001;
/** No epoch ends meanwhile. */
const EPOCH_SECONDS = 86_400;
const ASK_WEI_PER_GIB = 1024n ** 3n;
const VIEWERS = 8;
const RECEIPTS = 6;
const RECEIPT_STEP_BYTES = 20_000;
/** Connections to the chain and to other edges come and go with no client. */
const OWN_HANDLES = 8;

/** Starts a chain, a marketplace and a real edge with so many worker processes. */
export async function startEdge(seed: number, options: { readonly workers: number }): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'bcdn-fuzz-'));
  const network = new SmallNetwork({
    ...{ folder, edges: 1, epochSeconds: EPOCH_SECONDS, askWeiPerGiB: ASK_WEI_PER_GIB },
  });
  const stop = async (): Promise<void> => {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await network.start(['--workers', String(options.workers), '--free-allowance', '1GiB']);
    const bytes = noise(CONTENT_BYTES, seed);
    const publication = await network.publish(bytes);
    const cid = publication.cid.toString();
    const node = network.edges[0]?.node;
    const { hostname, port } = new URL(node?.httpUrl ?? '');
    const family = await familyOf(node?.pid ?? 0);
    return {
      ...{ host: hostname, port: Number(port), uploads: [], uploadPath: cid, ownHandles: OWN_HANDLES },
      content: {
        ...{ root: publication.cid, control: { path: cid, bytes }, cids: [cid], hostileCids: [] },
        paths: [cid, `${cid}/`, `${cid}/none`],
      },
      grants: await grantsOf(network, publication),
      pids: async () => familyOf(node?.pid ?? 0),
      alive: async () => {
        const now = node?.running === true ? await familyOf(node.pid) : [];
        return family.every((pid) => now.includes(pid));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the coordinator grants to viewers, with receipts for a little and for too much. */
async function grantsOf(network: SmallNetwork, publication: Publication): Promise<FuzzedGrant[]> {
  const http = new UndiciExchange();
  try {
    const api = new MarketplaceApi({ http, clock: systemClock }, network.marketplaceUrl);
    const domain = domainOf(await api.network());
    const { dealId, cid } = publication;
    const grants: FuzzedGrant[] = [];
    for (let i = 0; i < VIEWERS; i++) {
      const identity = { domain, dealId, contentRoot: contentRootOf(cid), privateKey: randomBytes(32) };
      const viewer = new ViewerSession({ api, secp256k1, clock: systemClock }, identity);
      for (const { account } of await viewer.requestGrants({})) {
        const receipts = Array.from({ length: RECEIPTS }, (_, n) =>
          base64UrlEncode(encodeSignedReceipt(viewer.signReceipt(account, n * RECEIPT_STEP_BYTES))),
        );
        grants.push({ grant: account.header, receipts });
      }
    }
    return grants;
  } finally {
    await http.close();
  }
}
