import { expect } from 'chai';

import { ordered, orderAfterClick } from '../../../sdk/ui/row-order.ts';
import { tabAfterKey } from '../../../sdk/ui/tab-keys.ts';

describe('keys of tabs', () => {
  it('go around with the arrows and to the ends with Home and End', () => {
    expect(tabAfterKey('ArrowRight', 2, 3)).to.equal(0);
    expect(tabAfterKey('ArrowLeft', 0, 3)).to.equal(2);
    expect(tabAfterKey('Home', 2, 3)).to.equal(0);
    expect(tabAfterKey('End', 0, 3)).to.equal(2);
    expect(tabAfterKey('Enter', 0, 3)).to.equal(undefined);
  });
});

describe('order of rows', () => {
  it('compares amounts as amounts and text as text', () => {
    expect(ordered([9n, 10n, 2n], (wei) => wei, true)).to.deep.equal([10n, 9n, 2n]);
    expect(ordered(['b', 'a'], (text) => text, false)).to.deep.equal(['a', 'b']);
  });

  it('begins with the largest and turns around at the next click', () => {
    const first = orderAfterClick(undefined, 'paid');
    expect(first).to.deep.equal({ column: 'paid', descending: true });
    expect(orderAfterClick(first, 'paid').descending).to.equal(false);
    expect(orderAfterClick(first, 'stake').descending).to.equal(true);
  });
});
