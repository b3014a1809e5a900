import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { countText, shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import { callNode } from '../node-data/call-node.ts';
import { Failure } from '../node-data/failure.tsx';
import { entriesAnswer, type EntriesAnswer, type Grouping } from '../node-data/money-documents.ts';
import { useAnswer } from '../node-data/use-answer.ts';
import { CsvButton } from './csv-button.tsx';
import { csvText } from './csv.ts';

type Payment = EntriesAnswer['payments'][number];
type Receipt = EntriesAnswer['receipts'][number];

const ENTRIES_EVERY_MS = 10_000;

const FIELDS: Readonly<Record<Grouping, string>> = {
  day: 'day',
  deal: 'dealId',
  publisher: 'publisher',
  content: 'contentRoot',
};

const PAYMENT_COLUMNS: readonly Column<Payment>[] = [
  {
    id: 'transaction',
    title: 'Transaction',
    cell: ({ transaction }) => <Identifier value={transaction} what="transaction" />,
  },
  { id: 'at', title: 'When', cell: ({ at }) => <Instant at={at} />, sortBy: ({ at }) => at },
  { id: 'deal', title: 'Deal', cell: ({ dealId }) => <Identifier value={dealId} what="deal" /> },
  { id: 'route', title: 'By', cell: ({ route }) => route },
  {
    id: 'through',
    title: 'Through epoch',
    isFigure: true,
    cell: ({ throughEpoch }) => countText(throughEpoch),
  },
  {
    id: 'paid',
    title: 'Paid',
    isFigure: true,
    cell: ({ paidWei }) => <Amount wei={paidWei} />,
    sortBy: ({ paidWei }) => paidWei,
  },
  { id: 'fee', title: 'Protocol fee in it', isFigure: true, cell: ({ feeWei }) => <Amount wei={feeWei} /> },
];

const RECEIPT_COLUMNS: readonly Column<Receipt>[] = [
  { id: 'grant', title: 'Grant', cell: ({ grantHash }) => <Identifier value={grantHash} what="grant" /> },
  { id: 'epoch', title: 'Epoch', isFigure: true, cell: ({ epoch }) => countText(epoch) },
  { id: 'at', title: 'Began', cell: ({ at }) => <Instant at={at} />, sortBy: ({ at }) => at },
  { id: 'viewer', title: 'Signed by viewer', cell: ({ viewerKey }) => <Address value={viewerKey} /> },
  { id: 'deal', title: 'Deal', cell: ({ dealId }) => <Identifier value={dealId} what="deal" /> },
  {
    id: 'bytes',
    title: 'Bytes',
    isFigure: true,
    cell: ({ bytes }) => <Bytes bytes={bytes} />,
    sortBy: ({ bytes }) => bytes,
  },
];

interface EntriesProps {
  readonly by: Grouping;
  readonly rowKey: string;
  readonly onClose: () => void;
}

/** The payments and receipts behind a row, down to transaction and grant. */
export function Entries({ by, rowKey, onClose }: EntriesProps) {
  const question = { [FIELDS[by]]: rowKey };
  const { value, failure, refresh } = useAnswer(
    (signal) => callNode({ action: '/entries', question, answer: entriesAnswer, signal }),
    { key: `entries of ${by} ${rowKey}`, everyMs: ENTRIES_EVERY_MS },
  );
  return (
    <div class="panel" role="region" aria-label="Entries">
      <div class="spread">
        <h3>Entries of {by === 'day' ? rowKey : `${by} ${shortIdentifier(rowKey)}`}</h3>
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
      <Failure failure={failure} retry={refresh} />
      {value === undefined && failure === undefined && <Skeleton what="entries" />}
      {value !== undefined && <Found entries={value} name={`${by}-${rowKey}`} />}
    </div>
  );
}

function Found({ entries, name }: { readonly entries: EntriesAnswer; readonly name: string }) {
  const { payments, paymentsInAll, receipts, receiptsInAll } = entries;
  return (
    <>
      {payments.length === 0 ? (
        <p class="soft">No payment on chain yet.</p>
      ) : (
        <Table
          caption={shownOf('Payments', payments.length, paymentsInAll)}
          showsCaption
          columns={PAYMENT_COLUMNS}
          rows={payments}
          rowKey={({ transaction, dealId }) => `${transaction} ${dealId}`}
        />
      )}
      {receipts.length === 0 ? (
        <p class="soft">No receipts at hand: those that are paid leave the node’s journal.</p>
      ) : (
        <Table
          caption={shownOf('Receipts in the journal', receipts.length, receiptsInAll)}
          showsCaption
          columns={RECEIPT_COLUMNS}
          rows={receipts}
          rowKey={({ grantHash }) => grantHash}
        />
      )}
      <div class="row">
        <CsvButton name={`payments-${name}.csv`} text={() => paymentsCsv(payments)} />
        <span class="soft small">payments, every digit</span>
        <CsvButton name={`receipts-${name}.csv`} text={() => receiptsCsv(receipts)} />
        <span class="soft small">receipts, every digit</span>
      </div>
    </>
  );
}

function shownOf(what: string, shown: number, all: number): string {
  return shown === all
    ? `${what} (${countText(all)})`
    : `${what} (the newest ${countText(shown)} of ${countText(all)})`;
}

function paymentsCsv(payments: readonly Payment[]): string {
  const rows = payments.map(({ transaction, dealId, route, throughEpoch, paidWei, feeWei, at, block }) => [
    ...[transaction, dealId, route, String(throughEpoch), paidWei.toString(), feeWei.toString()],
    ...[new Date(at * 1_000).toISOString(), block === null ? '' : String(block)],
  ]);
  return csvText([
    ['transaction', 'dealId', 'route', 'throughEpoch', 'paidWei', 'feeWei', 'at', 'block'],
    ...rows,
  ]);
}

function receiptsCsv(receipts: readonly Receipt[]): string {
  const rows = receipts.map(({ grantHash, dealId, viewerKey, epoch, bytes }) => [
    ...[grantHash, dealId, viewerKey, String(epoch), bytes.toString()],
  ]);
  return csvText([['grantHash', 'dealId', 'viewerKey', 'epoch', 'bytes'], ...rows]);
}
