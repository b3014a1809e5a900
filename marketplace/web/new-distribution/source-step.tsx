import { useState } from 'preact/hooks';

import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { OriginChoice } from './origin-choice.tsx';
import { ReadingProgress, WhatWasRead } from './reading-state.tsx';
import type { ContentReading } from './use-content.ts';

type SourceKind = 'upload' | 'origin' | 'live';

const KINDS: readonly { readonly kind: SourceKind; readonly title: string; readonly text: string }[] = [
  { kind: 'upload', title: 'Upload', text: 'A file or a folder from this device.' },
  { kind: 'origin', title: 'Origin URL', text: 'Nodes fetch it from your server as it is asked for.' },
  { kind: 'live', title: 'Live stream', text: 'Not yet: nodes of this network carry no live streams.' },
];

/** Every browser knows it, no standard has it. */
const FOLDERS = { webkitdirectory: true };

/** First part of the form: what is to be delivered. */
export function SourceStep({ reading }: { readonly reading: ContentReading }) {
  const [kind, setKind] = useState<SourceKind>('upload');
  return (
    <fieldset class="stack">
      <legend>
        <h2>Source</h2>
      </legend>
      <div class="source-kinds">
        {KINDS.map((one) => (
          <label key={one.kind} class="source-kind">
            <input
              type="radio"
              name="source"
              checked={one.kind === kind}
              disabled={one.kind === 'live'}
              onChange={() => {
                reading.clear();
                setKind(one.kind);
              }}
            />
            <span>
              <strong>{one.title}</strong>
              <span class="soft small">{one.text}</span>
            </span>
          </label>
        ))}
      </div>
      {kind === 'upload' ? <FileChoice reading={reading} /> : <OriginChoice reading={reading} />}
    </fieldset>
  );
}

/** Choosing files, and what was found in them. Also shown when a page was loaded anew. */
export function FileChoice({ reading }: { readonly reading: ContentReading }) {
  const { state, choose } = reading;
  const picked = (event: Event): void => {
    const { files } = event.currentTarget as HTMLInputElement;
    if (files !== null && files.length > 0) choose([...files]);
  };
  return (
    <div class="stack">
      <div class="file-choice">
        <label class="button">
          Choose a file
          <input type="file" class="visually-hidden" data-choice="file" onChange={picked} />
        </label>
        <label class="button">
          Choose a folder
          <input type="file" class="visually-hidden" data-choice="folder" {...FOLDERS} onChange={picked} />
        </label>
      </div>
      <ReadingProgress state={state} />
      {state.at === 'failed' && <FailureNotice failure={state.failure} />}
      <WhatWasRead state={state} />
    </div>
  );
}
