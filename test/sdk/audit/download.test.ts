import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { linesOf } from '../../../sdk/audit/audit-file.ts';
import { audit } from '../../../sdk/audit/audit.ts';
import { downloadBooks } from '../../../sdk/audit/download.ts';
import { MarketplaceBooks } from '../../../sdk/audit/marketplace-books.ts';
import { verifyPagesHere } from '../../../sdk/audit/verify-pages.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { ClientError } from '../../../sdk/client/client-error.ts';
import type { HttpExchange } from '../../../sdk/client/http-exchange.ts';
import { base64UrlEncode, uintToBytes } from '../../../sdk/protocol/bytes.ts';
import { encodeReceiptsWithGrants, type ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { DEAL, DOMAIN, eventSource, HEADER, NODE, openingEvents, signedPair } from './sample-books.ts';

const hashOf = (pair: ReceiptWithGrant | undefined): string => pair?.signedReceipt.receipt.grantHash ?? '';
const PAIRS = Array.from({ length: 25 }, (_, i) => signedPair(i)).sort((a, b) =>
  hashOf(a) < hashOf(b) ? -1 : 1,
);
const EVENTS = openingEvents(eventSource(), [{ node: NODE, amountWei: 10n ** 20n, ratePerGiB: 1n }]);
const PAGE = 10;

type Answer = Record<string, unknown>;

/** A marketplace with small pages, some of whose answers can be changed or fail. */
class PagedMarketplace implements HttpExchange {
  answersLeft = Infinity;
  change: (part: string, answer: Answer) => Answer = (_part, answer) => answer;
  readonly asked: string[] = [];

  async request({ url, body }: { url: string; body?: Uint8Array | string }) {
    if (--this.answersLeft < 0)
      throw new ClientError('UNREACHABLE', 'It was switched off.', { remedy: 'None.' });
    const part = url.split('/').at(-1) ?? '';
    this.asked.push(part);
    const asked = JSON.parse(typeof body === 'string' ? body : '{}') as { after?: unknown };
    const answer = this.change(part, this.#answer(part, asked.after));
    return { status: 200, header: () => undefined, body: new TextEncoder().encode(JSON.stringify(answer)) };
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  #answer(part: string, after: unknown): Answer {
    switch (part) {
      case 'network':
        return { chainId: DOMAIN.chainId.toString(), market: DOMAIN.verifyingContract };
      case 'events': {
        const { market, epochSeconds, block, chainId } = HEADER;
        // Pages of one event.
        const seen = after === undefined ? 0 : (after as { blockNumber: number }).blockNumber;
        const events = EVENTS.slice(seen, seen + 1);
        const next = seen + 1 < EVENTS.length ? { blockNumber: seen + 1, logIndex: 0 } : null;
        return { chainId: chainId.toString(), market, epochSeconds, block, events, next };
      }
      case 'vouchers':
        return { records: '', next: null };
      case 'peers':
        return { peers: [], next: null };
      default: {
        const from = after === undefined ? 0 : PAIRS.findIndex((pair) => hashOf(pair) === after) + 1;
        const page = PAIRS.slice(from, from + PAGE);
        const next = from + PAGE < PAIRS.length ? hashOf(page.at(-1)) : null;
        return { records: base64UrlEncode(encodeReceiptsWithGrants(page)), next };
      }
    }
  }
}

describe('download of the books of a deal', () => {
  let folder: string;
  let file: string;
  let http: PagedMarketplace;
  let books: MarketplaceBooks;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-download-'));
    file = join(folder, 'books.audit');
    http = new PagedMarketplace();
    books = newBooks();
  });

  function newBooks(): MarketplaceBooks {
    const clock = { ...systemClock, sleep: () => Promise.resolve() };
    const access = { dealId: DEAL, marketplace: 'http://market.test', publisherKey: uintToBytes(5n, 32) };
    return new MarketplaceBooks({ http, clock, secp256k1 }, access);
  }

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('takes page after page, for the owner of the file only, and can be audited', async () => {
    const { totals, resumedReceipts } = await downloadBooks(books, file);
    expect(totals).to.deep.equal({ events: 2, vouchers: 0, receipts: 25 });
    expect(resumedReceipts).to.equal(0);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const report = await audit(linesOf(createReadStream(file)), { secp256k1, verifyPages: verifyPagesHere });
    expect(report).to.deep.include({ agrees: true, billedWei: 0n });
    expect(report.receipts).to.include({ total: 25, counted: 25 });
    expect(report.nodes[0]).to.include({ laterBytes: 25_000n });
  });

  it('that fails after any number of answers goes on, asks nothing twice that it has, and ends the same', async () => {
    await downloadBooks(books, file);
    const whole = await readFile(file);
    const needed = http.asked.length;
    for (let answers = 0; answers < needed; answers++) {
      await rm(file, { force: true });
      http.answersLeft = answers;
      const failure: unknown = await downloadBooks(newBooks(), file).catch((error: unknown) => error);
      expect(failure).to.have.property('code', 'UNREACHABLE');
      http.answersLeft = Infinity;
      const { resumedReceipts } = await downloadBooks(newBooks(), file);
      expect((await readFile(file)).equals(whole)).to.equal(true);
      expect(resumedReceipts % PAGE).to.equal(0);
    }
    // The last failure left all but the last page.
    expect(http.asked.slice(-1)).to.deep.equal(['receipts']);
  });

  it('refuses receipts out of order, doubled, or of a page that names another next one', async () => {
    const wrong: ((pairs: ReceiptWithGrant[]) => Answer)[] = [
      (pairs) => ({ records: base64UrlEncode(encodeReceiptsWithGrants(pairs.reverse())), next: null }),
      ([first]) => ({
        ...{
          records: base64UrlEncode(encodeReceiptsWithGrants(first === undefined ? [] : [first, first])),
          next: null,
        },
      }),
      (pairs) => ({
        records: base64UrlEncode(encodeReceiptsWithGrants(pairs)),
        next: `0x${'00'.repeat(32)}`,
      }),
      () => ({ records: 'AAAA', next: null }),
    ];
    for (const answer of wrong) {
      http.change = (part, given) => (part === 'receipts' ? answer(PAIRS.slice(0, 3)) : given);
      const failure: unknown = await downloadBooks(books, file).catch((error: unknown) => error);
      expect(failure).to.have.property('code', 'AUDIT_DOWNLOAD_INCONSISTENT');
    }
  });

  it('notices a chain that was reorganised between two pages of events', async () => {
    let pages = 0;
    http.change = (part, given) =>
      part === 'events' && ++pages > 1
        ? { ...given, block: { ...HEADER.block, hash: `0x${'99'.repeat(32)}` } }
        : given;
    const failure: unknown = await downloadBooks(books, file).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'AUDIT_DOWNLOAD_INCONSISTENT');
    http.change = (_part, given) => given;
    expect((await downloadBooks(books, file)).totals.events).to.equal(2);
  });

  it('leaves files alone that it has not written', async () => {
    for (const text of ['a letter to somebody\n', 'one without an end', '{"version":3}', '{"audit":2,']) {
      await writeFile(file, text);
      const failure: unknown = await downloadBooks(books, file).catch((error: unknown) => error);
      expect(failure).to.have.property('code', 'AUDIT_FILE_OTHER');
      expect(await readFile(file, 'utf8')).to.equal(text);
    }
  });
});
