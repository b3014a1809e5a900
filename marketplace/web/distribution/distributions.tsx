import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';

/** Distributions of the connected wallet. */
export default function Distributions() {
  return (
    <Page title="Distributions">
      <p>
        All deals of the network are in the <a href={paths.deals}>explorer</a>.
      </p>
    </Page>
  );
}
