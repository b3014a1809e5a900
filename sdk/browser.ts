/**
 * The SDK's door in browsers: what pages import to find, fetch and verify contents and to sign receipts. Nothing of Node,
 * and no wallet: publishing from a page is what the marketplace's own pages do.
 * @example
 *   const session = await FetchSession.open(BROWSER_COMPONENTS, { cid: parseCid(cid), marketplaceUrl, viewerKey });
 *   const components = { fetchBlock: (block, most) => session.fetchBlock(block, most), clock: systemClock };
 */

export { BROWSER_COMPONENTS } from './client/browser-components.ts';
export { FetchSession } from './client/fetch-session.ts';
export type { FetchComponents, LookupCount, SessionOptions } from './client/fetch-session.ts';
export { downloadFile } from './client/file-download.ts';
export type { Downloaded, DownloadComponents, DownloadOptions } from './client/file-download.ts';
export type { ByteRange } from './client/file-walk.ts';
export type { ContentSink } from './client/content-sink.ts';
export type { SourceProgress } from './client/download-progress.ts';
export type { BadBlock, DroppedNode, DropReason } from './client/fetch-report.ts';
export type { GivenAdmission } from './client/given-admission.ts';
export type { ReceiptOutcome } from './client/receipt-delivery.ts';
export { resolvePath } from './client/resolve-path.ts';
export { ClientError } from './client/client-error.ts';
export type { ClientErrorCode } from './client/client-error.ts';
export { MarketplaceApi } from './client/marketplace-api.ts';
export { lookUpProviders } from './client/provider-lookup.ts';
export { httpOriginOf } from './client/endpoint.ts';
export { FetchExchange } from './client/fetch-exchange.ts';
export { systemClock } from './pacing/clock.ts';
export { webSha256 } from './client/web-sha256.ts';

export { parseCid } from './protocol/content.ts';
export { ProtocolError } from './protocol/errors.ts';
export type { ProtocolErrorCode } from './protocol/errors.ts';
export { parseAddress, parseContentRoot, parseDealId } from './protocol/identifiers.ts';
export type { Address, ContentRoot, DealId } from './protocol/identifiers.ts';
export { pureSecp256k1 } from './protocol/signature.ts';
