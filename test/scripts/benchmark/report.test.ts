import { expect } from 'chai';

import { rounded } from '../../../scripts/benchmark/rounded.ts';
import { figure, textTable } from '../../../scripts/benchmark/text-table.ts';

describe('npm run bench: figures', () => {
  it('rounds to four digits, and has null where nothing was measured', () => {
    expect(rounded(123.456)).to.equal(123.5);
    expect(rounded(Number.NaN)).to.equal(null);
  });

  it('aligns a table: names to the left, figures to the right', () => {
    const table = {
      title: 'T',
      columns: ['', 'a'],
      rows: [
        ['long name', '1'],
        ['n', '1,000'],
      ],
    };
    expect(textTable(table).split('\n')).to.deep.equal([
      'T',
      '               a',
      '---------  -----',
      'long name      1',
      'n          1,000',
    ]);
  });

  it('prints three significant digits and a dash for no figure', () => {
    expect(figure(12_345.6)).to.equal('12,346');
    expect(figure(1.234)).to.equal('1.23');
    expect(figure(Number.NaN)).to.equal('–');
  });
});
