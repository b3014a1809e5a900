import { useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import type { Draft } from './draft.ts';
import { forgetDraft, keptDrafts } from './drafts.ts';

/** Distributions that were begun in this browser and are not finished. */
export function Unfinished({ go }: { readonly go: (draft: Draft) => void }) {
  const [drafts, setDrafts] = useState(keptDrafts);
  if (drafts.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="unfinished-title">
      <h2 id="unfinished-title">Not finished</h2>
      <ul class="unfinished">
        {drafts.map((draft) => (
          <li key={draft.dealId} class="spread">
            <span>
              <strong>{draft.name}</strong>, <Amount wei={draft.depositWei} />,{' '}
              <Instant at={draft.reviewedAt} />
            </span>
            <span class="row">
              <button type="button" class="button button-primary" onClick={() => go(draft)}>
                Go on with {draft.name}
              </button>
              <button
                type="button"
                class="button"
                onClick={() => {
                  forgetDraft(draft);
                  setDrafts(keptDrafts());
                }}
              >
                Forget
              </button>
            </span>
          </li>
        ))}
      </ul>
      <p class="soft small">
        Forgetting takes nothing back: a deal that was opened stays in your distributions, where you can close
        it.
      </p>
    </section>
  );
}
