import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { splitPayment } from '../../../../node/core/http-semantics/address-payment.ts';

const RUNS = 5_000;

const { queries } = JSON.parse(
  readFileSync(new URL('../../../vectors/address-payment.json', import.meta.url), 'utf8'),
) as { queries: { query: string; rest: string; grant: string | null; receipt: string | null }[] };

describe('What pays, taken out of a query', () => {
  for (const { query, rest, grant, receipt } of queries) {
    it(`of "${query}"`, () => {
      const split = splitPayment(query);
      expect(split.query).to.equal(rest);
      expect(split.payment?.grant ?? null).to.equal(grant);
      expect(split.payment?.receipt ?? null).to.equal(receipt);
    });
  }

  it('leaves nothing of it behind and everything else as it was, whatever the query', () => {
    const name = fc.constantFrom(
      'bcdn-grant',
      'bcdn-receipt',
      'bcdn-',
      'format',
      'filename',
      'bcdn%2Dgrant',
      '',
    );
    const field = fc.oneof(
      fc.tuple(name, fc.string({ maxLength: 12 })).map(([key, value]) => `${key}=${value}`),
      fc.string({ maxLength: 12 }),
    );
    const query = fc.array(field, { maxLength: 8 }).map((fields) => fields.join('&'));
    fc.assert(
      fc.property(query, (text) => {
        const { query: rest, payment } = splitPayment(text);
        const again = splitPayment(rest);
        expect(again).to.deep.equal({ query: rest, payment: undefined });
        const pays = (each: string): boolean => /^bcdn-(?:grant|receipt)=/.test(each);
        expect(rest).to.equal(
          text
            .split('&')
            .filter((each) => !pays(each))
            .join('&'),
        );
        expect(payment?.fields).to.equal(text.split('&').filter(pays).join('&') || undefined);
      }),
      { numRuns: RUNS },
    );
  });
});
