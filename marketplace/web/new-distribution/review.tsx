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
  /** Where nodes fetch it; undefined where it is uploaded. */
  readonly originUrl: string | undefined;
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
  const { name, content, originUrl, quote, terms, needsPermit } = props;
  const { isBusy, isBlocked, failure, onBack, onAgree } = props;
  const signs = needsPermit || originUrl !== undefined;
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
        <li>{signaturesText(needsPermit, originUrl !== undefined)} The upload needs no further signature.</li>
        {originUrl !== undefined && (
          <li>
            Nodes fetch what they are asked for from <code>{originUrl}</code>, and the rest behind that. You
            sign this address; everybody can see it. Keep the file there, unchanged, until nodes have it: they
            take no other bytes.
          </li>
        )}
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
          {isBusy ? 'Preparing …' : signs ? 'Sign and open' : 'Open'}
        </button>
        <button type="button" class="button" onClick={onBack}>
          Change something
        </button>
      </div>
    </section>
  );
}

/** What the wallet will ask, in words. */
function signaturesText(needsPermit: boolean, hasOrigin: boolean): string {
  if (needsPermit && hasOrigin) {
    return 'You sign twice, for the address and for the deposit, which costs nothing, then confirm one transaction.';
  }
  if (hasOrigin) {
    return 'You sign the address, which costs nothing, then confirm one transaction; the market may pull this amount already.';
  }
  return needsPermit
    ? 'You sign once, which costs nothing, then confirm one transaction.'
    : 'You confirm one transaction; the market may pull this amount already.';
}
