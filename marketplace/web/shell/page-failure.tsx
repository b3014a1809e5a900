import { signal } from '@preact/signals';

import { Notice } from '../../../sdk/ui/notice.tsx';

const failed = signal<Error | undefined>(undefined);

/** Remembers that a page could not be drawn or loaded. */
export function pageFailed(failure: Error): void {
  failed.value = failure;
}

/** Forgets it, because another page is shown. */
export function pageChanged(): void {
  failed.value = undefined;
}

/** In place of a page that could not be drawn, e.g. because a newer build replaced its files. */
export function PageFailure() {
  if (failed.value === undefined) return null;
  return (
    <Notice
      tone="bad"
      title="This page could not be shown."
      evidence={failed.value.message}
      remedy="Reload it: the marketplace may have been updated since you opened it."
    >
      <button type="button" class="button" onClick={() => location.reload()}>
        Reload
      </button>
    </Notice>
  );
}
