import type { ComponentChildren } from 'preact';

import type { Tone } from './notice.tsx';

/** A state in a word with a dot of its colour. */
export function State({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`state state-${tone}`}>{children}</span>;
}
