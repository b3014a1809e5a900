import { expect } from 'chai';
import fc from 'fast-check';

import {
  amountText,
  byteText,
  distanceText,
  durationText,
  exactAmountText,
  exactByteText,
  parseTokens,
  shareText,
  shortageText,
  shortIdentifier,
} from '../../../sdk/ui/figures.ts';

const WEI = 10n ** 18n;

describe('figures', () => {
  it('writes every digit of an exact amount', () => {
    expect(exactAmountText(1_601_652_578_181_559n)).to.equal('0.001601652578181559 BCDN');
    expect(exactAmountText(1_234_567n * WEI + WEI / 2n)).to.equal('1,234,567.5 BCDN');
    expect(exactAmountText(0n)).to.equal('0 BCDN');
  });

  it('shortens an amount without showing more than there is, or nothing where there is something', () => {
    expect(amountText(WEI + WEI / 4n)).to.equal('1.25 BCDN');
    expect(amountText(WEI - 1n)).to.equal('0.9999 BCDN');
    expect(amountText(58_616_269_385_715n)).to.equal('0.0000586 BCDN');
    expect(amountText(1n)).to.equal('0.000000000000000001 BCDN');
  });

  it('never writes a positive amount as zero nor above itself', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 128n }), (wei) => {
        const shown = parseTokens(amountText(wei).replace(' BCDN', ''));
        expect(shown !== undefined && shown > 0n && shown <= wei).to.equal(true);
      }),
    );
  });

  it('reads back what it writes exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 96n }), (wei) => {
        expect(parseTokens(exactAmountText(wei).replace(' BCDN', ''))).to.equal(wei);
      }),
    );
  });

  it('refuses what is no amount', () => {
    for (const text of ['', '-1', '1.', '.5', '1e3', '0x10', '1.0000000000000000001']) {
      expect(parseTokens(text), text).to.equal(undefined);
    }
  });

  it('writes bytes in three digits, and every byte where asked', () => {
    expect(byteText(1_023)).to.equal('1023 B');
    expect(byteText(1_536)).to.equal('1.50 KiB');
    expect(byteText(2n ** 40n * 12n)).to.equal('12.0 TiB');
    expect(exactByteText(1)).to.equal('1 byte');
    expect(exactByteText(1_048_576n)).to.equal('1,048,576 bytes');
  });

  it('writes durations in their two largest units', () => {
    expect(durationText(0.4)).to.equal('less than 1 s');
    expect(durationText(12)).to.equal('12 s');
    expect(durationText(125)).to.equal('2 min 5 s');
    expect(durationText(3_660)).to.equal('1 h 1 min');
    expect(durationText(183_600)).to.equal('2 days 3 h');
    expect(durationText(90 * 86_400)).to.equal('90 days');
    expect(durationText(Infinity)).to.equal('without end');
  });

  it('says on which side of now a moment is', () => {
    expect(distanceText(100, 100.5)).to.equal('just now');
    expect(distanceText(40, 100)).to.equal('1 min 0 s ago');
    expect(distanceText(112, 100)).to.equal('in 12 s');
  });

  it('says shortages, shares and identifiers one way', () => {
    expect(shortageText('2 BCDN', '1.5 BCDN')).to.equal('You need 2 BCDN and have 1.5 BCDN.');
    expect(shareText(1, 3)).to.equal('33 %');
    expect(shareText(1, 0)).to.equal('–');
    expect(shortIdentifier('0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc')).to.equal('0x3c44…93bc');
  });
});
