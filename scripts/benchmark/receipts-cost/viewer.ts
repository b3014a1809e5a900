import { randomBytes } from 'node:crypto';

import { CID } from 'multiformats/cid';

import { systemClock } from '../../../sdk/pacing/clock.ts';
import { domainOf, MarketplaceApi } from '../../../sdk/client/marketplace-api.ts';
import { nodeSha256 } from '../../../sdk/client/node-sha256.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { ViewerSession, type IssuedGrant } from '../../../sdk/client/viewer-session.ts';
import { base64UrlEncode, equalBytes } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { GRANT_HEADER, RECEIPT_HEADER } from '../../../sdk/protocol/http.ts';
import { parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { encodeSignedReceipt } from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { BenchError } from '../bench-error.ts';
import type { ViewerFigures, ViewerSetup } from './viewer-protocol.ts';

const STALL_TIMEOUT_MS = 30_000;
const ACCEPT = { accept: 'application/vnd.ipld.raw' };

interface Lane {
  readonly session: ViewerSession;
  readonly issued: IssuedGrant;
  /** Under the grant of the lane, all runs together. */
  verifiedBytes: number;
}

/** Fetches blocks with the SDK's transport, hash and signatures; with grants and without by the same steps. */
export class BenchViewer {
  readonly #http = new UndiciExchange();
  readonly #setup: ViewerSetup;
  readonly #cids: readonly CID[];
  readonly #lanes: Lane[] = [];

  static async start(setup: ViewerSetup): Promise<BenchViewer> {
    const viewer = new BenchViewer(setup);
    await viewer.#takeGrants();
    return viewer;
  }

  private constructor(setup: ViewerSetup) {
    this.#setup = setup;
    this.#cids = setup.cids.map((cid) => CID.parse(cid));
  }

  async fetch(paid: boolean, blocks: number): Promise<ViewerFigures> {
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    let next = 0;
    let bytes = 0;
    const work = async (lane: Lane): Promise<void> => {
      while (next < blocks) {
        const cid = this.#cids[next % this.#cids.length];
        next += 1;
        if (cid === undefined) continue;
        const fetched = await this.#fetchBlock(cid, paid ? lane : undefined);
        bytes += fetched;
      }
    };
    await Promise.all(this.#lanes.map(work));
    const seconds = (performance.now() - startedMs) / 1_000;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { bytes, seconds, cpuSeconds: (user + system) / 1e6 };
  }

  /** @param lane whose grant pays; undefined for a fetch that costs nothing */
  async #fetchBlock(cid: CID, lane: Lane | undefined): Promise<number> {
    const { status, body, sha256 } = await this.#http.request({
      method: 'GET',
      url: `${this.#setup.origin}/ipfs/${cid.toString()}?format=raw`,
      headers: lane === undefined ? ACCEPT : { ...ACCEPT, ...payment(lane) },
      maxBytes: MAX_SERVED_BLOCK_BYTES,
      stallTimeoutMs: STALL_TIMEOUT_MS,
      sha256: true,
    });
    if (status !== 200 || !equalBytes(sha256 ?? (await nodeSha256(body)), cid.multihash.digest)) {
      throw new BenchError('BENCH_RESULT_WRONG', {
        message: `The edge answered ${status} with bytes that are not the block.`,
        remedy: 'This is a fault of the code, not of the machine.',
        values: { status, cid: cid.toString() },
      });
    }
    if (lane !== undefined) lane.verifiedBytes += body.length;
    return body.length;
  }

  async #takeGrants(): Promise<void> {
    const { marketplaceUrl, root: rootText, lanes } = this.#setup;
    const api = new MarketplaceApi({ http: this.#http, clock: systemClock }, marketplaceUrl);
    const domain = domainOf(await api.network());
    const root = CID.parse(rootText);
    const [deal] = await api.dealsOf(root);
    if (deal === undefined) throw new TypeError('the desk of the bench knows no deal');
    while (this.#lanes.length < lanes) {
      const session = new ViewerSession(
        { api, secp256k1: nativeSecp256k1, clock: systemClock },
        {
          ...{ domain, dealId: parseDealId(deal.dealId), contentRoot: contentRootOf(root) },
          privateKey: randomBytes(32),
        },
      );
      const [issued] = await session.requestGrants({ capBytes: BigInt(Number.MAX_SAFE_INTEGER) });
      if (issued === undefined) throw new TypeError('the desk of the bench issued no grant');
      this.#lanes.push({ session, issued, verifiedBytes: 0 });
    }
  }
}

/** The grant, and a receipt for all that came before. */
function payment({ session, issued, verifiedBytes }: Lane): Record<string, string> {
  const grant = { [GRANT_HEADER]: issued.account.header };
  if (verifiedBytes === 0) return grant;
  const receipt = session.signReceipt(issued.account, verifiedBytes);
  return { ...grant, [RECEIPT_HEADER]: base64UrlEncode(encodeSignedReceipt(receipt)) };
}
