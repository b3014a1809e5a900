import { Page } from '../shell/page.tsx';

/** Everything on the chain and in the books. */
export default function Explorer() {
  return <Page title="Explore" />;
}
