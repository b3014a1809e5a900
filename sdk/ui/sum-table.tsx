import { Amount } from './amount.tsx';

/** A named amount. */
export interface SumLine {
  readonly text: string;
  readonly wei: bigint;
}

interface SumTableProps {
  /** For those who do not see the table. */
  readonly caption: string;
  readonly lines: readonly SumLine[];
  /** What the lines add up to. */
  readonly total: SumLine;
}

/** Amounts that add up, every digit shown, their sum below. */
export function SumTable({ caption, lines, total }: SumTableProps) {
  return (
    <table class="sum-table">
      <caption class="visually-hidden">{caption}</caption>
      <tbody>
        {lines.map((line) => (
          <SumRow key={line.text} {...line} />
        ))}
      </tbody>
      <tfoot>
        <SumRow {...total} />
      </tfoot>
    </table>
  );
}

function SumRow({ text, wei }: SumLine) {
  return (
    <tr>
      <th scope="row">{text}</th>
      <td class="figure-cell">
        <Amount wei={wei} exact />
      </td>
    </tr>
  );
}
