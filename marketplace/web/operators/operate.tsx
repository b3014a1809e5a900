import { Page } from '../shell/page.tsx';

/** For those who run nodes. */
export default function Operate() {
  return <Page title="Operate" />;
}
