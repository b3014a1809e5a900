import { useRoute } from 'preact-iso';

import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';

/** One distribution, for its publisher. */
export default function Distribution() {
  const { dealId = '' } = useRoute().params;
  return (
    <Page title="Distribution">
      <p>
        What everybody can see of it is in the <a href={paths.deal(dealId)}>explorer</a>.
      </p>
    </Page>
  );
}
