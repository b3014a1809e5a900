/** The SDK's door in Node.js: what applications import. `browser.ts` is the door for pages. */

export { fetchContent } from './client/fetch-content.ts';
export type { FetchOptions, FetchRequest, FetchResult } from './client/fetch-content.ts';
export type { GivenAdmission } from './client/given-admission.ts';
export { FetchSession } from './client/fetch-session.ts';
export type { FetchComponents, LookupCount, SessionOptions } from './client/fetch-session.ts';
export { downloadFile } from './client/file-download.ts';
export type { Downloaded, DownloadOptions } from './client/file-download.ts';
export type { ByteRange } from './client/file-walk.ts';
export { nodeSha256 } from './client/node-sha256.ts';
export { openFileSink } from './client/file-sink.ts';
export type { ContentSink } from './client/content-sink.ts';
export type { FetchProgress, SourceProgress } from './client/download-progress.ts';
export { progressLine } from './client/progress-line.ts';
export type { BadBlock, DroppedNode, DropReason } from './client/fetch-report.ts';
export type { ReceiptOutcome } from './client/receipt-delivery.ts';
export { ClientError } from './client/client-error.ts';
export type { ClientErrorCode } from './client/client-error.ts';
export { MarketplaceApi } from './client/marketplace-api.ts';
export type { AudienceMessage, PeerReachMessage } from './client/marketplace-api.ts';
export { lookUpProviders } from './client/provider-lookup.ts';
export { httpOriginOf } from './client/endpoint.ts';
export { FetchExchange } from './client/fetch-exchange.ts';
export { UndiciExchange } from './client/undici-exchange.ts';
export { systemClock } from './pacing/clock.ts';

export { importContent } from './publish/import-content.ts';
export type { ImportOptions } from './publish/import-content.ts';
export type { ImportedContent } from './publish/imported-content.ts';
export { sourceOfPath } from './publish/content-source.ts';
export type { ContentSource } from './publish/content-source.ts';
export { pushContent } from './publish/push-content.ts';
export type { PushOptions, PushRequest } from './publish/push-content.ts';
export { publish } from './publish/publish.ts';
export type { PlacedNode, PublicationJournal, PublicationRecord } from './publish/publication-record.ts';
export { publicationFile } from './publish/publication-file.ts';
export type {
  Publication,
  PublicationPlan,
  PublishOptions,
  PublishProgress,
  PublishRequest,
} from './publish/publish.ts';
export { signContentOrigin } from './publish/content-origin.ts';
export type { OriginRequest } from './publish/declare-origin.ts';
export { signAdmission, signAudience } from './publish/audience.ts';
export type { AudienceSigner } from './publish/audience.ts';
export { signPeerReach } from './publish/peer-reach.ts';
export { beginClosing, closeDistribution } from './publish/close-distribution.ts';
export { pauseDistribution, resumeDistribution } from './publish/pause-distribution.ts';
export { interruptedTopUp, topUpDistribution } from './publish/top-up-distribution.ts';
export { topUpFile } from './publish/top-up-file.ts';
export type { Closed, CloseOptions, CloseProgress, CloseRequest } from './publish/close-distribution.ts';
export { PublishError } from './publish/publish-error.ts';
export type { PublishErrorCode } from './publish/publish-error.ts';

export { ChainError } from './chain/chain-errors.ts';
export type { ChainErrorCode } from './chain/chain-errors.ts';
export { decodeDeployment, domainOf, encodeDeployment } from './chain/deployment.ts';
export type { Deployment } from './chain/deployment.ts';
export { connectContracts } from './chain/contracts.ts';
export type { Contracts } from './chain/contracts.ts';
export { openProvider } from './chain/provider.ts';
export type { ChainEndpoint } from './chain/provider.ts';
export { TransactionSender } from './chain/transactions.ts';
export type { SendingOptions, SendingParts } from './chain/transactions.ts';

export { parseCid } from './protocol/content.ts';
export { ProtocolError } from './protocol/errors.ts';
export type { ProtocolErrorCode } from './protocol/errors.ts';
export { parseAddress, parseContentRoot, parseDealId } from './protocol/identifiers.ts';
export type { Address, ContentRoot, DealId } from './protocol/identifiers.ts';
