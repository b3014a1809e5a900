import { useState } from 'preact/hooks';

import { Field } from '../../../../sdk/ui/field.tsx';
import { Identifier } from '../../../../sdk/ui/identifier.tsx';
import { State } from '../../../../sdk/ui/state.tsx';
import { SettingPanel, type SettingProps } from './setting.tsx';

const ADDRESS = /^0x[0-9a-f]{40}$/i;
const NOBODY = /^0x0{40}$/;

/** Who may view: everybody, or whom a key of the publisher admits. */
export function AudienceSetting({
  atHand,
  action,
  audienceKey,
}: SettingProps & { readonly audienceKey: string | null }) {
  const [key, setKey] = useState('');
  const isGood = ADDRESS.test(key) && !NOBODY.test(key);
  const declare = (name: string, to: string | undefined) =>
    action.tell({ part: 'audience', name }, async (signal) => {
      const { sayAudience } = await import('./publisher-words.ts');
      return sayAudience(atHand, to, signal);
    });
  return (
    <SettingPanel part="audience" title="Audience" action={action}>
      <p>
        <State tone="info">{audienceKey === null ? 'public' : 'by admission'}</State>{' '}
        {audienceKey === null ? (
          'Everybody who asks is granted it. Who makes viewers up can have your money paid to a node of its own; an audience prevents that.'
        ) : (
          <>
            Only viewers are granted it whom this key admits:{' '}
            <Identifier value={audienceKey} what="address of the audience key" />
          </>
        )}
      </p>
      <p>
        With an audience key your own log-in service signs an admission for each viewer it knows, good for at
        most a day. Your wallet signs who it is; nothing is sent to the chain and nothing is paid. What was
        granted before stays good until its epoch ends.
      </p>
      <Field
        label="Address of the audience key"
        hint="The address of the key that your log-in service signs with. Its private key stays there."
        error={key === '' || isGood ? undefined : 'An address begins with 0x and has 40 hexadecimal digits.'}
      >
        {(control) => (
          <input
            {...control}
            autocomplete="off"
            spellcheck={false}
            value={key}
            onInput={(event) => setKey(event.currentTarget.value.trim())}
          />
        )}
      </Field>
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={!isGood || action.isBusy}
          onClick={() => declare('Audience', key)}
        >
          Admit by this key
        </button>
        {audienceKey !== null && (
          <button
            type="button"
            class="button"
            disabled={action.isBusy}
            onClick={() => declare('Public', undefined)}
          >
            Open it to everybody
          </button>
        )}
      </div>
    </SettingPanel>
  );
}
