import { ErrorBoundary, lazy, LocationProvider, Route, Router } from 'preact-iso';

import Landing from '../landing/landing.tsx';
import { NetworkProvider } from '../market-data/use-network.tsx';
import { Frame } from './frame.tsx';
import { NotFound } from './not-found.tsx';
import { pageFailed } from './page-failure.tsx';

// Every page but the landing is a chunk of its own, loaded when it is first opened.
const Explorer = lazy(() => import('../explorer/explorer.tsx'));
const Operate = lazy(() => import('../operators/operate.tsx'));
const NewDistribution = lazy(() => import('../new-distribution/new-distribution.tsx'));
const Distributions = lazy(() => import('../distribution/distributions.tsx'));
const Distribution = lazy(() => import('../distribution/distribution.tsx'));
const Watch = lazy(() => import('../watch/watch.tsx'));

/** Every page by its path. The server's list of paths is in marketplace/web-pages. */
export function App() {
  return (
    <LocationProvider>
      <NetworkProvider>
        <Frame>
          <ErrorBoundary onError={pageFailed}>
            <Router>
              <Route path="/" component={Landing} />
              <Route path="/explore" component={Explorer} />
              <Route path="/explore/:kind" component={Explorer} />
              <Route path="/explore/:kind/:id" component={Explorer} />
              <Route path="/explore/:kind/:id/:node/:epoch" component={Explorer} />
              <Route path="/operate" component={Operate} />
              <Route path="/new" component={NewDistribution} />
              <Route path="/distributions" component={Distributions} />
              <Route path="/distributions/:dealId" component={Distribution} />
              <Route path="/watch/:cid/:path*" component={Watch} />
              <Route default component={NotFound} />
            </Router>
          </ErrorBoundary>
        </Frame>
      </NetworkProvider>
    </LocationProvider>
  );
}
