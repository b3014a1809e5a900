import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startMarketplace } from '../../../marketplace/server/start-marketplace.ts';
import type { DeployParameters } from '../../../scripts/deploy/parameters.ts';
import { decodeLine, encodeLine, linesOf, type AuditLine } from '../../../sdk/audit/audit-file.ts';
import { audit, type AuditOptions } from '../../../sdk/audit/audit.ts';
import { downloadBooks, type Downloaded, type DownloadOptions } from '../../../sdk/audit/download.ts';
import { MarketplaceBooks } from '../../../sdk/audit/marketplace-books.ts';
import type { AuditReport } from '../../../sdk/audit/report.ts';
import { verifyPagesHere } from '../../../sdk/audit/verify-pages.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { concatBytes } from '../../../sdk/protocol/bytes.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import {
  decodeReceiptsWithGrants,
  encodeReceiptsWithGrants,
  type ReceiptWithGrant,
} from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient } from '../../marketplace/api-client.ts';
import { DealRoom, grantOf } from '../../marketplace/coordinator/deal-room.ts';
import { temporaryStorage } from '../../marketplace/storage-fixture.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../../marketplace/market-fixture.ts';

const PUBLISHER = 1;
const NEAR = 2;
const FAR = 3;

/** A real chain, a real marketplace, a publisher and two edges whose books can be audited. */
export class AuditedMarket {
  readonly market: TestMarket;
  readonly room: DealRoom;
  readonly api: ApiClient;
  readonly url: string;
  readonly near: TransactionSender;
  readonly far: TransactionSender;
  /** Answers for whoever is registered later. */
  readonly endpoint: string;
  readonly #folder: string;
  readonly #http = new UndiciExchange();
  readonly #cleanups: (() => Promise<void>)[];
  #files = 0;

  private constructor(
    parts: Pick<AuditedMarket, 'market' | 'room' | 'api' | 'url' | 'near' | 'far' | 'endpoint'>,
    folder: string,
    cleanups: (() => Promise<void>)[],
  ) {
    ({ market: this.market, room: this.room, api: this.api } = parts);
    ({ url: this.url, near: this.near, far: this.far, endpoint: this.endpoint } = parts);
    this.#folder = folder;
    this.#cleanups = cleanups;
  }

  static async open(parameters: Partial<DeployParameters> = {}): Promise<AuditedMarket> {
    const market = await TestMarket.open({
      ...{ epochSeconds: 600, claimWindowEpochs: 1, thawEpochs: 2, claimBondFloorWei: 1n },
      ...parameters,
    });
    const directory = await temporaryStorage();
    const servers = [await ReadinessServer.open(), await ReadinessServer.open()];
    const edge = (account: number, region: string): Promise<TransactionSender> =>
      market.registerEdge(account, { region, endpoints: [servers[account - NEAR]?.endpoint ?? ''] });
    const near = await edge(NEAR, 'eu-west');
    const far = await edge(FAR, 'us-east');
    const marketplace = await startMarketplace(
      {
        ...{ ...directory.choice, rpcUrl: market.chain.url, deployment: market.deployment },
        ...{
          pollIntervalMs: 20,
          probeIntervalMs: 50,
          peerRoots: { thresholdWei: 1_000n, intervalSeconds: 3600 },
        },
      },
      silentLogger,
    );
    const api = await ApiClient.open(marketplace.url);
    const room = new DealRoom({ market, api, publisher: await market.sender(PUBLISHER) });
    await room.levelWithChain();
    const endpoint = servers[0]?.endpoint ?? '';
    const parts = { market, room, api, url: marketplace.url, near, far, endpoint };
    return new AuditedMarket(parts, directory.path, [
      () => marketplace.stop(),
      ...servers.map((server) => () => server.close()),
      () => market.close(),
      directory.remove,
    ]);
  }

  async close(): Promise<void> {
    await this.#http.close();
    for (const cleanup of this.#cleanups) await cleanup();
  }

  /** A new viewer of a region fetches from a node in the current epoch. */
  async view(
    dealId: DealId,
    node: TransactionSender,
    bytes: bigint,
    region?: string,
  ): Promise<{ pair: ReceiptWithGrant; key: Uint8Array; epoch: number }> {
    const viewer = this.room.viewer();
    const granted = await this.room.requestGrants(viewer, { dealId }, region === undefined ? {} : { region });
    const pair = this.room.signReceipt(grantOf(granted, node), viewer.key, bytes);
    return { pair, key: viewer.key, epoch: granted.epoch };
  }

  /** The books of a deal as its publisher reads them, or as somebody else tries to. */
  books(dealId: DealId, account: number = PUBLISHER): MarketplaceBooks {
    const components = { http: this.#http, clock: systemClock, secp256k1 };
    const publisherKey = this.market.privateKey(account);
    return new MarketplaceBooks(components, { dealId, marketplace: this.url, publisherKey });
  }

  newFile(): string {
    return join(this.#folder, `books-${this.#files++}.audit`);
  }

  async download(
    dealId: DealId,
    options: DownloadOptions = {},
  ): Promise<{ file: string; downloaded: Downloaded }> {
    const file = this.newFile();
    return { file, downloaded: await downloadBooks(this.books(dealId), file, options) };
  }

  audit(file: string, options: AuditOptions = {}): Promise<AuditReport> {
    return audit(linesOf(createReadStream(file)), { secp256k1, verifyPages: verifyPagesHere }, options);
  }

  /** Writes a changed copy of an audit file and audits it. */
  async auditChanged(file: string, change: (lines: AuditLine[]) => AuditLine[]): Promise<AuditReport> {
    const text = await readFile(file, 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line, i) => decodeLine(line, i + 1));
    const changed = this.newFile();
    await writeFile(changed, change(lines).map(encodeLine).join(''));
    return this.audit(changed);
  }

  /** The same, with the receipts changed. */
  auditReceipts(
    file: string,
    change: (pairs: ReceiptWithGrant[]) => ReceiptWithGrant[],
  ): Promise<AuditReport> {
    return this.auditChanged(file, (lines) => {
      const held = lines.flatMap((line) => (line.kind === 'receipts' ? [line.records] : []));
      const pairs = change(decodeReceiptsWithGrants(concatBytes(...held)));
      const receipts: AuditLine = { kind: 'receipts', records: encodeReceiptsWithGrants(pairs) };
      const others = lines.filter(({ kind }) => kind !== 'receipts');
      const end = others.findIndex(({ kind }) => kind === 'end');
      return others.toSpliced(end, 0, receipts);
    });
  }
}
