import { amountText, exactAmountText } from './figures.ts';

interface AmountProps {
  readonly wei: bigint;
  /** Shows every digit. @default the first few, all of them in the title */
  readonly exact?: boolean;
}

/** An amount of the token. The title has every digit, and so has the value that programs read. */
export function Amount({ wei, exact = false }: AmountProps) {
  const all = exactAmountText(wei);
  return (
    <data class="figure" value={wei.toString()} title={all}>
      {exact ? all : amountText(wei)}
    </data>
  );
}
