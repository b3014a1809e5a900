import { lazy, Suspense } from 'preact/compat';
import { useState } from 'preact/hooks';

import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { fetchDeals, type Deal } from '../market-data/deals.ts';
import { shownFailure, useMarketData } from '../market-data/use-market-data.ts';
import { paths } from '../shell/paths.ts';

const DEALS_EVERY_MS = 30_000;
/** Newest open deals among which one with a content is looked for. */
const LOOKED_AT_DEALS = 10;

/** What the network serves now, played by its own player: from several edges, every block verified here. */
export function FeaturedContent() {
  const { value, failure, refresh } = useMarketData(
    (signal) => fetchDeals({ state: 'open', limit: LOOKED_AT_DEALS }, signal),
    { key: 'featured', everyMs: DEALS_EVERY_MS },
  );
  const deal = value?.deals.find(({ cid }) => cid !== null);
  return (
    <section class="featured" aria-labelledby="featured-title">
      <div class="stack">
        <h2 id="featured-title">See it deliver</h2>
        <p class="soft">
          The newest content that somebody pays for. Your browser fetches it from several edges at once,
          checks every block against its hash, and signs what it got. A lying edge is dropped before your
          eyes.
        </p>
        {deal?.cid != null && (
          <p class="row">
            <Identifier value={deal.cid} what="content" href={paths.content(deal.cid)} />
            <a href={paths.deal(deal.dealId)}>Its deal</a>
          </p>
        )}
      </div>
      {failure !== undefined && value === undefined ? (
        <FailureNotice failure={shownFailure(failure)} retry={refresh} />
      ) : value === undefined ? (
        <Skeleton lines={5} what="contents" />
      ) : deal === undefined ? (
        <EmptyState title="Nothing is being served yet">
          <p>
            Publish a film, a picture or any file, and it plays here:{' '}
            <a href={paths.newDistribution}>new distribution</a>.
          </p>
        </EmptyState>
      ) : (
        <Stage key={deal.dealId} deal={deal} />
      )}
    </section>
  );
}

/** The player and its styles; a chunk of its own. */
const Player = lazy(() => import('../watch/player.tsx').then((module) => ({ default: module.Player })));

/** Nothing of the player is loaded before somebody wants to watch. */
function Stage({ deal: { cid } }: { readonly deal: Deal }) {
  const [isPlaying, setPlaying] = useState(false);
  if (cid === null) return null;
  if (isPlaying) {
    return (
      <Suspense fallback={<Skeleton lines={5} what="the player" />}>
        <Player cid={cid} overlay />
      </Suspense>
    );
  }
  return (
    <div class="stage">
      <button type="button" class="stage-play" onClick={() => setPlaying(true)}>
        <svg viewBox="0 0 48 48" aria-hidden="true">
          <circle cx="24" cy="24" r="22" />
          <path d="m19.5 15.5 14 8.5-14 8.5z" />
        </svg>
        Play it from the network
      </button>
    </div>
  );
}
