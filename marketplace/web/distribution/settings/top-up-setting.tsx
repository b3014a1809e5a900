import { useState } from 'preact/hooks';

import { Amount } from '../../../../sdk/ui/amount.tsx';
import { AmountField, amountIn } from './amount-field.tsx';
import { nodesToPay } from './node-shares.ts';
import { SettingPanel, type SettingProps } from './setting.tsx';

/** More money, for the nodes that serve. */
export function TopUpSetting({ atHand, action, freeWei }: SettingProps & { readonly freeWei: bigint }) {
  const [text, setText] = useState('10');
  const amountWei = amountIn(text);
  const isServed = atHand.nodes.some(({ state }) => state === 'active');
  return (
    <SettingPanel part="top-up" title="Top up" action={action}>
      <p>
        The amount is given to the {nodesToPay(atHand.nodes).length} nodes{' '}
        {isServed ? 'that serve it' : 'that it had'} in equal shares, in one transaction. A distribution that
        rests goes on with it.
      </p>
      <AmountField label="Amount, BCDN" text={text} onText={setText} />
      <div class="row">
        <button
          type="button"
          class="button button-primary"
          disabled={amountWei === undefined || action.isBusy}
          onClick={() =>
            action.run({ part: 'top-up', name: 'Top up' }, ({ topUp }) => topUp(atHand, amountWei ?? 0n))
          }
        >
          Top up
        </button>
        {isServed && freeWei > 0n && (
          <button
            type="button"
            class="button"
            disabled={action.isBusy}
            onClick={() =>
              action.run({ part: 'top-up', name: 'Give' }, ({ giveFree }) => giveFree(atHand, freeWei))
            }
          >
            Give the free <Amount wei={freeWei} /> to the nodes
          </button>
        )}
      </div>
    </SettingPanel>
  );
}
