import { useState } from 'preact/hooks';

import { Amount } from '../../../../sdk/ui/amount.tsx';
import { Field } from '../../../../sdk/ui/field.tsx';
import { parseTokens } from '../../../../sdk/ui/figures.ts';
import { nodesToPay } from './node-shares.ts';
import { SettingPanel, type SettingProps } from './setting.tsx';

/** More money, for the nodes that serve. */
export function TopUpSetting({ atHand, action, freeWei }: SettingProps & { readonly freeWei: bigint }) {
  const [text, setText] = useState('10');
  const amountWei = parseTokens(text);
  const isGood = amountWei !== undefined && amountWei > 0n;
  const isServed = atHand.nodes.some(({ state }) => state === 'active');
  return (
    <SettingPanel part="top-up" title="Top up" action={action}>
      <p>
        The amount is given to the {nodesToPay(atHand.nodes).length} nodes{' '}
        {isServed ? 'that serve it' : 'that it had'} in equal shares, in one transaction. A distribution that
        rests goes on with it.
      </p>
      <Field label="Amount, BCDN" error={isGood ? undefined : 'Enter an amount above 0, for example 10.'}>
        {(control) => (
          <input
            {...control}
            inputMode="decimal"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="row">
        <button
          type="button"
          class="button button-primary"
          disabled={!isGood || action.isBusy}
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
