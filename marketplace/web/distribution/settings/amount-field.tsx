import type { ComponentChildren } from 'preact';

import { Field } from '../../../../sdk/ui/field.tsx';
import { parseTokens } from '../../../../sdk/ui/figures.ts';

interface AmountFieldProps {
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** Asks for an amount of tokens above 0. */
export function AmountField({ label, hint, text, onText }: AmountFieldProps) {
  const error = amountIn(text) === undefined ? 'Enter an amount above 0, for example 10.' : undefined;
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <input
          {...control}
          inputMode="decimal"
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** What was entered, wei; undefined if it is no amount above 0. */
export function amountIn(text: string): bigint | undefined {
  const amountWei = parseTokens(text);
  return amountWei === undefined || amountWei <= 0n ? undefined : amountWei;
}
