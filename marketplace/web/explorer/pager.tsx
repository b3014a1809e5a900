import { countText } from '../../../sdk/ui/figures.ts';

interface PagerProps {
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
  readonly onMove: (offset: number) => void;
}

/** Moves through a list that is longer than a page. */
export function Pager({ total, offset, limit, onMove }: PagerProps) {
  if (total === 0) return null;
  const last = Math.min(total, offset + limit);
  return (
    <nav class="row pager" aria-label="Pages of the list">
      <span class="figure soft">
        {countText(offset + 1)} to {countText(last)} of {countText(total)}
      </span>
      {total > limit && (
        <>
          <button
            type="button"
            class="button"
            disabled={offset === 0}
            onClick={() => onMove(Math.max(0, offset - limit))}
          >
            Newer
          </button>
          <button
            type="button"
            class="button"
            disabled={last >= total}
            onClick={() => onMove(offset + limit)}
          >
            Older
          </button>
        </>
      )}
    </nav>
  );
}
