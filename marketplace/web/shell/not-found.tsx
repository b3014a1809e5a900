import { Page } from './page.tsx';
import { paths } from './paths.ts';

/** A path that no page has. */
export function NotFound() {
  return (
    <Page title="There is no such page">
      <p class="lead">
        The address may be misspelt. <a href={paths.landing}>Start</a>, or{' '}
        <a href={paths.explore}>search the network</a>.
      </p>
    </Page>
  );
}
