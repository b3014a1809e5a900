import { expect } from 'chai';
import fc from 'fast-check';

import { AuditError } from '../../../sdk/audit/audit-error.ts';
import { decodeLine, encodeLine, linesOf, type AuditLine } from '../../../sdk/audit/audit-file.ts';
import { MAX_LINE_BYTES } from '../../../sdk/audit/audit-limits.ts';
import { audit } from '../../../sdk/audit/audit.ts';
import { verifyPagesHere } from '../../../sdk/audit/verify-pages.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import {
  booksOf,
  chunked,
  eventSource,
  NODE,
  openingEvents,
  signedPair,
  signedVoucherBytes,
  textOf,
} from './sample-books.ts';

async function collected(lines: AsyncIterable<AuditLine>): Promise<AuditLine[]> {
  const all: AuditLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('audit file', () => {
  const events = openingEvents(eventSource(), [{ node: NODE, amountWei: 10n ** 18n, ratePerGiB: 7n ** 30n }]);
  const books = booksOf({
    events,
    vouchers: [signedVoucherBytes(NODE, 5, 12n)],
    pages: [[signedPair(1), signedPair(2)], [signedPair(3)]],
  });
  const bytes = new TextEncoder().encode(textOf(books));

  it('comes back from its text, wherever the chunks of it end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 8 }),
        async (lengths) => {
          expect(await collected(linesOf(chunked(bytes, lengths)))).to.deep.equal(books);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses whatever is not a line with AUDIT_FILE_MALFORMED, and nothing else', () => {
    const lineish = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ receipts: fc.string() }).map((value) => JSON.stringify(value)),
      fc
        .record({ audit: fc.integer(), dealId: fc.string(), chainId: fc.string() })
        .map((value) => JSON.stringify(value)),
      fc.record({ events: fc.array(fc.object()) }).map((value) => JSON.stringify(value)),
      fc.record({ end: fc.object() }).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(lineish, (text) => {
        try {
          const line = decodeLine(text, 3);
          expect(decodeLine(encodeLine(line).trimEnd(), 3)).to.deep.equal(line);
        } catch (error) {
          expect(error).to.be.instanceOf(AuditError).with.property('code', 'AUDIT_FILE_MALFORMED');
          expect((error as AuditError).values).to.include({ line: 3 });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is audited or refused with an AuditError, whatever single byte is changed', async () => {
    let audited = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: bytes.length - 1 }),
        fc.integer({ min: 32, max: 126 }),
        async (at, value) => {
          const changed = Uint8Array.from(bytes);
          changed[at] = value;
          const failure = await failureOf(
            audit(linesOf(chunked(changed, [4096])), { secp256k1, verifyPages: verifyPagesHere }),
          );
          if (failure === undefined) audited++;
          else expect(failure).to.be.instanceOf(AuditError);
        },
      ),
      { numRuns: 150 },
    );
    expect(audited).to.be.above(0);
  });

  it('that is cut off anywhere is told to be incomplete, or has no use', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), async (length) => {
        const failure = await failureOf(
          audit(linesOf(chunked(bytes.subarray(0, length), [1024])), {
            secp256k1,
            verifyPages: verifyPagesHere,
          }),
        );
        expect(failure).to.be.instanceOf(AuditError);
        expect(['AUDIT_FILE_INCOMPLETE', 'AUDIT_FILE_MALFORMED', 'AUDIT_EVENTS_INCONSISTENT']).to.include(
          (failure as AuditError).code,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('with a line longer than any is refused before it is read to its end', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given++;
        yield new Uint8Array(65_536).fill(0x61);
      }
    }
    const failure = await failureOf(collected(linesOf(endless())));
    expect(failure).to.have.property('code', 'AUDIT_FILE_MALFORMED');
    expect(given).to.be.at.most(MAX_LINE_BYTES / 65_536 + 1);
  });

  it('with lines in another order is refused', async () => {
    const [header, opened, vouchers, first, second, end] = books;
    const orders = [
      [opened, header],
      [header, opened, first, vouchers, second, end],
      [header, opened, vouchers, first, end, second],
      [header, header, opened, end],
    ];
    for (const order of orders) {
      const lines = order.filter((line) => line !== undefined);
      const failure = await failureOf(
        audit(linesOf(chunked(new TextEncoder().encode(textOf(lines)), [512])), {
          ...{ secp256k1, verifyPages: verifyPagesHere },
        }),
      );
      expect(failure).to.be.instanceOf(AuditError);
    }
  });
});
