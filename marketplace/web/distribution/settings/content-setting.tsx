import { useState } from 'preact/hooks';

import { Field } from '../../../../sdk/ui/field.tsx';
import type { NoticeRequest } from './publisher-words.ts';
import { SettingPanel, type SettingProps } from './setting.tsx';

const TAG = /^[A-Za-z0-9._:-]{1,64}$/;
const PATH = /^(?:\/[^/]+)+$/;

/** What nodes keep of it: tags, purge, takedown. */
export function ContentSetting({ atHand, action, cid }: SettingProps & { readonly cid: string }) {
  const [tag, setTag] = useState('');
  const [path, setPath] = useState('');
  const send = (name: string, notice: Omit<NoticeRequest, 'cid'>) =>
    action.tell({ part: 'content', name }, async (signal) => {
      const { sendNotice } = await import('./publisher-words.ts');
      return sendNotice(atHand, { ...notice, cid }, signal);
    });
  return (
    <SettingPanel part="content" title="Copies, tags and takedown" action={action}>
      <p>
        Your wallet signs a notice, this page hands it to the nodes of the distribution, and they tell all
        others. Nothing is sent to the chain and nothing is paid; what was delivered before is paid all the
        same.
      </p>
      <div class="fields">
        <Field
          label="Tag"
          hint="A name under which contents of yours are purged together."
          error={
            tag === '' || TAG.test(tag)
              ? undefined
              : 'A tag has up to 64 letters, digits, dots, underscores, colons and hyphens.'
          }
        >
          {(control) => (
            <input
              {...control}
              autocomplete="off"
              value={tag}
              onInput={(event) => setTag(event.currentTarget.value.trim())}
            />
          )}
        </Field>
        <Field
          label="Path to purge"
          hint="Optional: only what lies below it, such as /films/draft.mp4."
          error={path === '' || PATH.test(path) ? undefined : 'A path begins with a slash and names files.'}
        >
          {(control) => (
            <input
              {...control}
              autocomplete="off"
              value={path}
              onInput={(event) => setPath(event.currentTarget.value)}
            />
          )}
        </Field>
      </div>
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={!TAG.test(tag) || action.isBusy}
          onClick={() => send('Tag', { kind: 'tag', tag })}
        >
          Give the tag
        </button>
        <button
          type="button"
          class="button"
          disabled={action.isBusy || (path !== '' && !PATH.test(path))}
          onClick={() => send('Purge', { kind: 'purge', path })}
        >
          {path === '' ? 'Purge all copies' : 'Purge this path'}
        </button>
        <button
          type="button"
          class="button"
          disabled={!TAG.test(tag) || action.isBusy}
          onClick={() => send('Purge by tag', { kind: 'purge', tag })}
        >
          Purge all that has the tag
        </button>
      </div>
      <p>
        After a purge nodes drop their copies and fetch the content again when it is asked for: from a node
        that has it still, or from your origin. If neither has it, it has to be uploaded again.
      </p>
      <Takedown isBusy={action.isBusy} takeDown={() => send('Takedown', { kind: 'takedown' })} />
    </SettingPanel>
  );
}

/** There is no way back, so it takes two steps. */
function Takedown({ isBusy, takeDown }: { readonly isBusy: boolean; readonly takeDown: () => void }) {
  const [isSure, setSure] = useState(false);
  return (
    <>
      <p>
        After a takedown no node serves the content under this distribution again, for ever: viewers are
        answered 410. Your money is not touched; close the distribution to have it back.
      </p>
      <label class="row">
        <input type="checkbox" checked={isSure} onChange={(event) => setSure(event.currentTarget.checked)} />I
        know that a takedown cannot be undone
      </label>
      <div class="row">
        <button
          type="button"
          class="button button-danger"
          disabled={!isSure || isBusy}
          onClick={() => {
            setSure(false);
            takeDown();
          }}
        >
          Take it down for good
        </button>
      </div>
    </>
  );
}
