/**
 * Viewers in a process of their own, one for each key: they take grants while the coordinator is there, see it go, and
 * go on watching and signing under the grants they have. Tells in JSON lines what the nodes acknowledged.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { CID } from 'multiformats/cid';

import { ClientError } from '../../sdk/client/client-error.ts';
import { systemClock } from '../../sdk/pacing/clock.ts';
import { HttpBlockSource } from '../../sdk/client/http-block-source.ts';
import { domainOf, MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { ViewerSession, type IssuedGrant } from '../../sdk/client/viewer-session.ts';
import { contentRootOf } from '../../sdk/protocol/content.ts';
import { parseAddress, parseDealId, type Address } from '../../sdk/protocol/identifiers.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../sdk/protocol/limits.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';

/** With less time left of an epoch, viewers wait for the next: all that follows is to happen within one. */
const ENOUGH_OF_EPOCH_MS = 8_000;
const POLL_MS = 50;
/** Blocks that are fetched after the coordinator has gone. */
const BLOCKS_AFTER = 2;

const { values } = parseArgs({
  options: {
    marketplace: { type: 'string', default: '' },
    deal: { type: 'string', default: '' },
    cid: { type: 'string', default: '' },
    nodes: { type: 'string', default: '' },
    keys: { type: 'string', default: '1' },
  },
});
const cid = CID.parse(values.cid);
const nodes = values.nodes.split(',').map(parseAddress);
const http = new UndiciExchange();
const api = new MarketplaceApi({ http, clock: systemClock }, values.marketplace);

/** A grant in use. */
interface Viewing {
  readonly session: ViewerSession;
  readonly issued: IssuedGrant;
  readonly source: HttpBlockSource;
  verifiedBytes: number;
}

const viewings = await takeGrants();
await watchAll();
say({ event: 'watching', grants: viewings.length });
await coordinatorGone();
for (let block = 0; block < BLOCKS_AFTER; block++) await watchAll();
say({ event: 'done', acknowledged: await Promise.all(viewings.map(deliver)) });
await http.close();

async function takeGrants(): Promise<Viewing[]> {
  const domain = domainOf(await api.network());
  const dealId = parseDealId(values.deal);
  const taken: Viewing[] = [];
  for (let key = 0; key < Number(values.keys);) {
    const session = new ViewerSession(
      { api, secp256k1: nativeSecp256k1, clock: systemClock },
      { domain, dealId, contentRoot: contentRootOf(cid), privateKey: randomBytes(32) },
    );
    const grants = await session.requestGrants({ nodes });
    const leftMs = (grants[0]?.account.epochEndsAtMs ?? 0) - Date.now();
    if (taken.length === 0 && leftMs < ENOUGH_OF_EPOCH_MS) {
      await sleep(Math.max(POLL_MS, leftMs));
      continue;
    }
    for (const issued of grants) {
      const source = new HttpBlockSource(http, issued.origin ?? '');
      taken.push({ session, issued, source, verifiedBytes: 0 });
    }
    key += 1;
  }
  return taken;
}

async function watchAll(): Promise<void> {
  await Promise.all(viewings.map(watch));
}

/** Fetches the block once more, paying with a receipt for what came before. */
async function watch(viewing: Viewing): Promise<void> {
  const { session, issued, source, verifiedBytes } = viewing;
  const receipt = verifiedBytes === 0 ? undefined : session.signReceipt(issued.account, verifiedBytes);
  const answer = await source.fetchBlock({
    ...{ cid, grant: issued.account.header, receipt, maxBytes: MAX_SERVED_BLOCK_BYTES },
    ...{ stallTimeoutMs: ENOUGH_OF_EPOCH_MS, signal: AbortSignal.timeout(ENOUGH_OF_EPOCH_MS) },
  });
  // A refusal is no failure here: the viewer signs for what it got.
  if (answer.kind === 'block') viewing.verifiedBytes += answer.bytes.length;
}

async function coordinatorGone(): Promise<void> {
  for (;;) {
    try {
      await http.request({
        ...{ method: 'GET', url: `${values.marketplace}/v1/network`, headers: {} },
        ...{ maxBytes: MAX_SERVED_BLOCK_BYTES, stallTimeoutMs: ENOUGH_OF_EPOCH_MS },
      });
    } catch (error) {
      if (error instanceof ClientError) return;
      throw error;
    }
    await sleep(POLL_MS);
  }
}

/** Hands in the last receipt; gives what the node says is safe. */
async function deliver(viewing: Viewing): Promise<{ node: Address; bytes: number }> {
  const { session, issued, source, verifiedBytes } = viewing;
  const receipt = session.signReceipt(issued.account, verifiedBytes);
  const [acknowledged] = await source.deliverReceipts([receipt]);
  return { node: issued.node, bytes: acknowledged?.bytes ?? 0 };
}

function say(message: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
