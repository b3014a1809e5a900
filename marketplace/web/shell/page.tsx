import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface PageProps {
  /** Heading and name of the tab. */
  readonly title: string;
  /** Name of the tab where it differs from the heading. */
  readonly tabTitle?: string;
  /** One sentence below the heading. */
  readonly lead?: ComponentChildren;
  /** Where the page belongs, above its heading. */
  readonly above?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** A page inside the frame: heading, lead, content, name of the tab. */
export function Page({ title, tabTitle = title, lead, above, children }: PageProps) {
  useEffect(() => {
    document.title = `${tabTitle} · bcdn`;
  }, [tabTitle]);
  return (
    <div class="page">
      <header class="stack">
        {above}
        <h1 tabIndex={-1}>{title}</h1>
        {lead !== undefined && <p class="lead">{lead}</p>}
      </header>
      {children}
    </div>
  );
}
