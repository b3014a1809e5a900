import { formWords, type IdentifierKind } from './identifier-form.ts';
import { Page } from './page.tsx';
import { paths } from './paths.ts';

/** A path that no page has. */
export function NotFound() {
  return (
    <Page title="There is no such page">
      <WaysOn evidence="The address may be misspelt." />
    </Page>
  );
}

interface NoIdentifierProps {
  readonly kind: IdentifierKind;
  /** What stands in the path instead of one. */
  readonly text: string;
}

/** A path whose identifier is none: nobody needs to be asked for that. */
export function NoIdentifier({ kind, text }: NoIdentifierProps) {
  return (
    <Page title={`There is no such ${kind}`}>
      <p class="no-identifier">
        <code>{text}</code> names none.
      </p>
      <WaysOn evidence={formWords(kind)} />
    </Page>
  );
}

function WaysOn({ evidence }: { readonly evidence: string }) {
  return (
    <p class="lead">
      {evidence} <a href={paths.landing}>Start</a>, or <a href={paths.explore}>search the network</a> for
      anything by its beginning.
    </p>
  );
}
