import { useRoute } from 'preact-iso';

import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';

/** Plays a content. */
export default function Watch() {
  const { cid = '' } = useRoute().params;
  return (
    <Page title="Watch">
      <p>
        Who serves this content is in the <a href={paths.content(cid)}>explorer</a>.
      </p>
    </Page>
  );
}
