import { useEffect, useState } from 'preact/hooks';

import { distanceText } from './figures.ts';

/** Time after which a distance is written anew. */
const REFRESH_MS = 5_000;

const FULL: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'medium' };

interface InstantProps {
  /** Unix seconds. */
  readonly at: number;
  /** It has happened, though the chain that told it may run ahead of this clock. @default false */
  readonly isPast?: boolean;
}

/** A moment as its distance from now; the title has date and time. */
export function Instant({ at, isPast = false }: InstantProps) {
  const [now, setNow] = useState(nowSeconds);
  useEffect(() => {
    const timer = setInterval(() => setNow(nowSeconds()), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const date = new Date(at * 1_000);
  return (
    <time class="figure" dateTime={date.toISOString()} title={date.toLocaleString(undefined, FULL)}>
      {distanceText(isPast ? Math.min(at, now) : at, now)}
    </time>
  );
}

const nowSeconds = (): number => Date.now() / 1_000;
