import { Page } from '../shell/page.tsx';

/** The first page. */
export default function Landing() {
  return (
    <Page
      title="Delivery you pay for by the verified byte"
      tabTitle="Decentralised CDN"
      lead="Publishers escrow, independent operators serve, viewers verify every block and sign for it."
    />
  );
}
