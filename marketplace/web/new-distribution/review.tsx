import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { Duration } from '../../../sdk/ui/duration.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { countedText } from '../../../sdk/ui/figures.ts';
import type { MarketTermsView } from './terms.ts';
import type { PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import type { ShownFailure } from './progress.ts';
import type { Quote } from './quote.ts';

interface ReviewProps {
  readonly name: string;
  readonly content: PlannedContent;
  readonly quote: Quote;
  readonly terms: MarketTermsView | undefined;
  readonly needsPermit: boolean;
  readonly isBusy: boolean;
  /** The account lacks something, which is said above. */
  readonly isBlocked: boolean;
  readonly failure: ShownFailure | undefined;
  readonly onBack: () => void;
  readonly onAgree: () => void;
}

/** What is about to happen, in words, before anything is signed. */
export function Review(props: ReviewProps) {
  const { name, content, quote, terms, needsPermit, isBusy, isBlocked, failure, onBack, onAgree } = props;
  const canOpen = quote.nodes.length > 0 && !isBusy && !isBlocked;
  return (
    <section class="panel review" aria-labelledby="review-title">
      <h2 id="review-title">Review</h2>
      <ol class="review-words">
        <li>
          <strong>{name}</strong> (<Bytes bytes={content.bytes} />) goes to{' '}
          {countedText(quote.nodes.length, 'node')} in{' '}
          {[...new Set(quote.nodes.map(({ region }) => region))].join(', ') || 'no region'}, which are paid
          for what they deliver and for nothing else.
        </li>
        <li>
          This locks <Amount wei={quote.depositWei} exact />. What is not earned returns to you: you close the
          distribution, and{' '}
          {terms === undefined ? 'after its thaw' : <Duration seconds={terms.thawSeconds} />}{' '}
          {terms === undefined ? '' : 'later '}you withdraw the rest, exact to the last unit.
        </li>
        <li>
          {needsPermit
            ? 'You sign once, which costs nothing, then confirm one transaction.'
            : 'You confirm one transaction; the market may pull this amount already.'}{' '}
          The upload needs no further signature.
        </li>
        <li>
          If this page or your browser closes, nothing is lost: open it again and go on. The deposit is never
          taken twice.
        </li>
      </ol>
      {quote.missingReplicas > 0 && (
        <p class="field-error">
          {countedText(quote.missingReplicas, 'copy', 'copies')} fewer than you asked for: see who was left
          out beside the form.
        </p>
      )}
      {failure !== undefined && <FailureNotice failure={failure} />}
      <div class="row">
        <button type="button" class="button button-primary" disabled={!canOpen} onClick={onAgree}>
          {isBusy ? 'Preparing …' : needsPermit ? 'Sign and open' : 'Open'}
        </button>
        <button type="button" class="button" onClick={onBack}>
          Change something
        </button>
      </div>
    </section>
  );
}
