import { Amount } from '../../../sdk/ui/amount.tsx';
import { Dialog } from '../../../sdk/ui/dialog.tsx';
import { countText, shortIdentifier, tokenText } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { callNode } from '../node-data/call-node.ts';
import { Failure } from '../node-data/failure.tsx';
import {
  previewAnswer,
  settleAnswer,
  type PreviewAnswer,
  type SettleAnswer,
} from '../node-data/money-documents.ts';
import { useAnswer } from '../node-data/use-answer.ts';
import { useDeed } from '../node-data/use-deed.ts';

/** A transaction is looked after until it is mined. */
const SETTLE_TIMEOUT_MS = 10 * 60_000;
/** Gas is estimated for each deal by the chain. */
const PREVIEW_TIMEOUT_MS = 60_000;

interface SettleDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Shows gas and net first, and settles when that is confirmed. */
export function SettleDialog({ open, onClose }: SettleDialogProps) {
  return (
    <Dialog title="Settle now" open={open} onClose={onClose}>
      <Settling onClose={onClose} />
    </Dialog>
  );
}

function Settling({ onClose }: { readonly onClose: () => void }) {
  const preview = useAnswer(
    (signal) =>
      callNode({
        ...{ action: '/settle/preview', answer: previewAnswer, signal, timeoutMs: PREVIEW_TIMEOUT_MS },
      }),
    { key: 'preview' },
  );
  const settling = useDeed(() =>
    callNode({ action: '/settle', answer: settleAnswer, timeoutMs: SETTLE_TIMEOUT_MS }),
  );
  if (settling.outcome !== undefined) return <Settled outcome={settling.outcome} onClose={onClose} />;
  const { value, failure, refresh } = preview;
  return (
    <>
      <Failure failure={settling.failure} />
      {settling.failure === undefined && <Failure failure={failure} retry={refresh} />}
      {value === undefined && failure === undefined && <Skeleton what="what settling would cost" />}
      {value !== undefined && <Preview preview={value} />}
      <div class="row">
        {value !== undefined && value.steps.length > 0 && (
          <button type="button" class="button button-primary" disabled={settling.busy} onClick={settling.run}>
            {settling.busy ? 'Settling …' : `Settle ${tokenText(value.dueWei)} BCDN`}
          </button>
        )}
        <button type="button" class="button" onClick={onClose}>
          {settling.busy ? 'Close; it goes on' : 'Cancel'}
        </button>
      </div>
    </>
  );
}

function Preview({ preview }: { readonly preview: PreviewAnswer }) {
  const { steps, waiting, dueWei, gas, gasCostWei, gasTokenWei, netWei } = preview;
  return (
    <>
      {steps.length === 0 ? (
        <p>There is nothing to settle now.</p>
      ) : (
        <dl class="facts">
          <div>
            <dt>Due</dt>
            <dd>
              <Amount wei={dueWei} exact />
            </dd>
          </div>
          <div>
            <dt>Gas, as estimated</dt>
            <dd>
              {countText(gas)} for {tokenText(gasCostWei, 9)} of the coin
            </dd>
          </div>
          <div>
            <dt>Net</dt>
            <dd>
              {netWei === null ? (
                <span class="soft">known with --gas-token-wei</span>
              ) : (
                <Amount wei={netWei} exact />
              )}
            </dd>
            {gasTokenWei !== null && (
              <dd class="small">
                after gas worth <Amount wei={gasTokenWei} />
              </dd>
            )}
          </div>
        </dl>
      )}
      <ul class="plain">
        {steps.map(({ dealId, route, dueWei: due, gas: stepGas }) => (
          <li key={`${dealId} ${route}`}>
            Deal <code>{shortIdentifier(dealId)}</code> by {route}: <Amount wei={due} /> for{' '}
            {countText(stepGas)} gas
          </li>
        ))}
        {waiting.map(({ dealId, reason, message }) => (
          <li key={`${dealId} ${reason}`} class="soft">
            Deal <code>{shortIdentifier(dealId)}</code> waits: {message}
          </li>
        ))}
      </ul>
    </>
  );
}

function Settled({ outcome, onClose }: { readonly outcome: SettleAnswer; readonly onClose: () => void }) {
  const { paidWei, gasCostWei, transactions, failures } = outcome;
  return (
    <>
      {transactions.length > 0 && (
        <Notice
          tone="good"
          title={
            <>
              Paid <Amount wei={paidWei} exact />.
            </>
          }
          evidence={`Gas cost ${tokenText(gasCostWei, 18)} of the coin.`}
        />
      )}
      {transactions.length === 0 && failures.length === 0 && <p>There was nothing to settle any more.</p>}
      {transactions.map((transaction) => (
        <p key={transaction}>
          Transaction <Identifier value={transaction} what="transaction" />
        </p>
      ))}
      {failures.map(({ dealId, code, message, remedy }) => (
        <Notice
          key={`${dealId} ${code}`}
          tone="bad"
          title={message}
          evidence={
            <>
              <code>{code}</code>, deal <code>{shortIdentifier(dealId)}</code>
            </>
          }
          remedy={remedy}
        />
      ))}
      <button type="button" class="button" onClick={onClose}>
        Close
      </button>
    </>
  );
}
