import { useState } from 'preact/hooks';

import type { UnseenOfOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { Field } from '../../../sdk/ui/field.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { ReadingProgress, WhatWasRead } from './reading-state.tsx';
import type { ContentReading } from './use-content.ts';

/** What a page cannot tell of an origin, and what follows. */
const UNSEEN: Readonly<Record<UnseenOfOrigin, string>> = {
  ranges: 'whether it serves byte ranges: without them no node can use it',
  length: 'the length of its file: nodes refuse another length than the content has',
  version: 'which version the file has (ETag, Last-Modified): nodes tell a changed file by its hashes only',
};

/** The address of the publisher's own server, and what was found there. */
export function OriginChoice({ reading }: { readonly reading: ContentReading }) {
  const { state, readUrl } = reading;
  const [url, setUrl] = useState('');
  return (
    <div class="stack">
      <Field
        label="Address of the file"
        hint="http or https, one file, with byte ranges. Nodes ask it without a password, and everybody can see the address."
      >
        {(control) => (
          <input
            {...control}
            type="url"
            inputMode="url"
            autocomplete="off"
            value={url}
            onInput={({ currentTarget }) => {
              setUrl(currentTarget.value);
              reading.clear();
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              // Enter reads the file; it does not go on to the review.
              event.preventDefault();
              readUrl(url);
            }}
          />
        )}
      </Field>
      <div class="row">
        <button type="button" class="button" disabled={url.trim() === ''} onClick={() => readUrl(url)}>
          Read it
        </button>
        <span class="soft small">It is read once, here, to name its content. Nothing of it is uploaded.</span>
      </div>
      <ReadingProgress state={state} />
      {state.at === 'failed' && (
        <FailureNotice failure={state.failure}>
          {state.failure.code === 'ORIGIN_UNREADABLE' && <FileInstead url={url} reading={reading} />}
        </FailureNotice>
      )}
      <WhatWasRead state={state} />
      {state.at === 'ready' && <WhatWasNotSeen unseen={state.atHand.origin?.unseen ?? []} />}
    </div>
  );
}

function FileInstead({ url, reading }: { readonly url: string; readonly reading: ContentReading }) {
  return (
    <label class="button">
      Choose the same file
      <input
        type="file"
        class="visually-hidden"
        data-choice="same-file"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file !== undefined) reading.chooseFor(url, file);
        }}
      />
    </label>
  );
}

function WhatWasNotSeen({ unseen }: { readonly unseen: readonly UnseenOfOrigin[] }) {
  if (unseen.length === 0) {
    return <p class="soft small">It serves byte ranges, and shows its length and which version it has.</p>;
  }
  return (
    <Notice
      tone={unseen.includes('ranges') ? 'warning' : 'info'}
      title="Your server does not show pages everything that nodes need of it."
      evidence={`Not seen: ${unseen.map((one) => UNSEEN[one]).join('; ')}.`}
      remedy={
        <>
          Nodes are bound by no such rule. To be sure, run <code>bcdn origin</code> with the deal once it is
          open: it looks as nodes do.
        </>
      }
    />
  );
}
