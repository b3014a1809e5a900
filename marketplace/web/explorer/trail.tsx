import { paths } from '../shell/paths.ts';

interface TrailProps {
  /** Pages above this one, the nearest last. */
  readonly steps?: readonly { readonly href: string; readonly text: string }[];
}

/** Where a page is in the explorer. */
export function Trail({ steps = [] }: TrailProps) {
  return (
    <nav class="trail" aria-label="Above this page">
      <a href={paths.explore}>Explore</a>
      {steps.map(({ href, text }) => (
        <a key={href} href={href}>
          {text}
        </a>
      ))}
    </nav>
  );
}
