import { h } from 'preact';
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
const PLAYER_SCRIPT = '/player/embed.js';

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

/** Nothing of the player is loaded before somebody wants to watch. */
function Stage({ deal: { cid } }: { readonly deal: Deal }) {
  const [isPlaying, setPlaying] = useState(false);
  const [isMissing, setMissing] = useState(false);
  if (cid === null) return null;
  const play = (): void => {
    setPlaying(true);
    const url = new URL(PLAYER_SCRIPT, location.origin).href;
    // Served by the marketplace and built apart from these pages, so that pages of others can embed it as well.
    import(/* @vite-ignore */ url).then(
      () => setMissing(false),
      () => setMissing(true),
    );
  };
  if (isMissing) {
    return (
      <EmptyState title="The player could not be loaded">
        <p>
          Fetch it instead:{' '}
          <code>
            npm run bcdn -- fetch {cid} --marketplace {location.origin}
          </code>
        </p>
      </EmptyState>
    );
  }
  return (
    <div class="stage">
      {isPlaying ? (
        h('bcdn-player', { cid, marketplace: location.origin, overlay: true, autoplay: true })
      ) : (
        <button type="button" class="stage-play" onClick={play}>
          <svg viewBox="0 0 48 48" aria-hidden="true">
            <circle cx="24" cy="24" r="22" />
            <path d="m19.5 15.5 14 8.5-14 8.5z" />
          </svg>
          Play it from the network
        </button>
      )}
    </div>
  );
}
