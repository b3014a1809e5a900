import { useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Dialog } from '../../../sdk/ui/dialog.tsx';
import { Field } from '../../../sdk/ui/field.tsx';
import { countedText, parseTokens } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { callNode } from '../node-data/call-node.ts';
import { Failure } from '../node-data/failure.tsx';
import { priceAnswer, type PriceAnswer } from '../node-data/money-documents.ts';
import { useAnswer } from '../node-data/use-answer.ts';
import { useDeed } from '../node-data/use-deed.ts';

/** A transaction is looked after until it is mined. */
const PRICE_TIMEOUT_MS = 10 * 60_000;

interface PriceDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** What the node asks for a GiB, beside what others ask, and a way to ask something else. */
export function PriceDialog({ open, onClose }: PriceDialogProps) {
  return (
    <Dialog title="Price" open={open} onClose={onClose}>
      <Pricing onClose={onClose} />
    </Dialog>
  );
}

function Pricing({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const standing = useAnswer((signal) => callNode({ action: '/price', answer: priceAnswer, signal }), {
    key: 'price',
  });
  const wei = parseTokens(text.trim());
  const change = useDeed(() =>
    callNode({
      ...{ action: '/price', answer: priceAnswer, timeoutMs: PRICE_TIMEOUT_MS },
      question: { askWeiPerGib: (wei ?? 0n).toString() },
    }),
  );
  const shown = change.outcome ?? standing.value;
  const isWrong = text.trim() !== '' && wei === undefined;
  return (
    <>
      <Failure failure={change.failure ?? standing.failure} />
      {shown === undefined && standing.failure === undefined && <Skeleton what="the price" />}
      {shown !== undefined && <Standing price={shown} />}
      {change.outcome !== undefined && <Changed price={change.outcome} />}
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (wei !== undefined) change.run();
        }}
      >
        <Field
          label="New price, BCDN for a delivered GiB"
          hint="Counts for new deals: those that are open keep their rates. Costs the gas of one transaction."
          error={isWrong ? 'Enter an amount such as 0.25.' : undefined}
        >
          {(control) => (
            <input
              {...control}
              inputMode="decimal"
              autocomplete="off"
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="row">
          <button type="submit" class="button button-primary" disabled={wei === undefined || change.busy}>
            {change.busy ? 'Changing …' : 'Ask this price'}
          </button>
          <button type="button" class="button" onClick={onClose}>
            Close
          </button>
        </div>
      </form>
    </>
  );
}

function Standing({ price: { askWeiPerGib, market, marketReason } }: { readonly price: PriceAnswer }) {
  return (
    <p>
      {askWeiPerGib === null ? (
        'The node is not registered yet.'
      ) : (
        <>
          The node asks <Amount wei={askWeiPerGib} exact />.
        </>
      )}{' '}
      {market === null ? (
        <span class="soft">
          What others ask is not known{marketReason === null ? '' : `: ${marketReason}`}.
        </span>
      ) : (
        <>
          {countedText(market.nodes, 'active edge')} ask <Amount wei={market.lowestWeiPerGib} /> to{' '}
          <Amount wei={market.highestWeiPerGib} />, half of them at most{' '}
          <Amount wei={market.medianWeiPerGib} />.
        </>
      )}
    </p>
  );
}

function Changed({ price: { transactions } }: { readonly price: PriceAnswer }) {
  return (
    <Notice
      tone="good"
      title="The price is changed, on chain and for the next start."
      evidence={transactions.map((transaction) => (
        <Identifier key={transaction} value={transaction} what="transaction" />
      ))}
    />
  );
}
