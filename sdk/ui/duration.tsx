import { durationText } from './figures.ts';

/** A span of time in words. */
export function Duration({ seconds }: { readonly seconds: number }) {
  return (
    <time class="figure" dateTime={`PT${Math.max(0, Math.floor(seconds))}S`}>
      {durationText(seconds)}
    </time>
  );
}
