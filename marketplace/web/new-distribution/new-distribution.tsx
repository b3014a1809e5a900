import { Page } from '../shell/page.tsx';

/** Publishing by wallet. */
export default function NewDistribution() {
  return (
    <Page
      title="New distribution"
      lead="Publishing from the browser is not part of this build. The command line does it today."
    >
      <pre class="panel">npm run bcdn -- --help</pre>
    </Page>
  );
}
