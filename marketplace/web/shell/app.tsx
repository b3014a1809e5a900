import { LocationProvider, Route, Router } from 'preact-iso';

/** Every page by its path. */
export function App() {
  return (
    <LocationProvider>
      <Router>
        <Route path="/" component={Landing} />
        <Route default component={NotFound} />
      </Router>
    </LocationProvider>
  );
}

function Landing() {
  return (
    <main>
      <h1>bcdn</h1>
    </main>
  );
}

function NotFound() {
  return (
    <main>
      <h1>There is no such page</h1>
      <p>
        <a href="/">To the start</a>
      </p>
    </main>
  );
}
