import './landing.css';

import { useEffect } from 'preact/hooks';

import { paths } from '../shell/paths.ts';
import { Doors } from './doors.tsx';
import { FeaturedContent } from './featured-content.tsx';
import { LiveMap } from './live-map.tsx';
import { MarketFigures } from './market-figures.tsx';
import { PriceCalculator } from './price-calculator.tsx';

/** The first page: what this is, that it is alive, what it costs, and the ways in. Needs no wallet. */
export default function Landing() {
  useEffect(() => {
    document.title = 'bcdn · delivery paid by the verified byte';
  }, []);
  return (
    <div class="page landing">
      <section class="hero">
        <div class="hero-words">
          <h1>Content delivery, paid by the verified byte.</h1>
          <p class="lead">
            For publishers who want to see what they pay for, and operators who want to be paid for what they
            serve: independent edges deliver, viewers check every block and sign for it, contracts settle.
          </p>
          <p class="row">
            <a class="button button-primary" href={paths.newDistribution}>
              Publish something
            </a>
            <a class="button" href={paths.operate}>
              Run a node
            </a>
          </p>
        </div>
        <LiveMap />
      </section>
      <PriceCalculator />
      <FeaturedContent />
      <MarketFigures />
      <Doors />
    </div>
  );
}
