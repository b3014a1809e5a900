import { byteText, countedText } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Progress } from '../../../sdk/ui/progress.tsx';
import type { ReadingState } from './use-content.ts';

/** How far a content is read, while it is. */
export function ReadingProgress({ state }: { readonly state: ReadingState }) {
  if (state.at !== 'reading') return null;
  const { name, read, total } = state;
  const isKnown = total > 0;
  return (
    <Progress
      label={`Reading ${name} and finding its CID`}
      done={isKnown ? read : undefined}
      of={Math.max(1, total)}
      text={isKnown ? `${byteText(read)} of ${byteText(total)}` : byteText(read)}
    />
  );
}

/** What was read, once it is. */
export function WhatWasRead({ state }: { readonly state: ReadingState }) {
  if (state.at !== 'ready') return null;
  const { bytes, leaves, root } = state.atHand.content;
  return (
    <p class="chosen" role="status">
      <strong>{state.name}</strong>, {byteText(bytes)} in {countedText(leaves.size, 'block')}.{' '}
      <Identifier value={root.toString()} what="CID" />
    </p>
  );
}
