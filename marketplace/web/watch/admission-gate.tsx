import { useMemo, useState } from 'preact/hooks';

import type { GivenAdmission } from '../../../sdk/client/given-admission.ts';
import { Field } from '../../../sdk/ui/field.tsx';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { admissionOf } from './admission-text.ts';

/** A viewer that waits to be admitted: its key, and what the admission goes to. */
export interface AdmissionGate {
  /** Told by the player when its key is made; resolves when the viewer has brought an admission for it. */
  readonly ask: (viewerKey: string) => Promise<GivenAdmission>;
  /** Undefined until the player has started. */
  readonly viewerKey: string | undefined;
  readonly give: ((admission: GivenAdmission) => void) | undefined;
}

/** Connects a player that needs an admission with the form that takes it. */
export function useAdmissionGate(): AdmissionGate {
  const [waiting, setWaiting] = useState<Pick<AdmissionGate, 'viewerKey' | 'give'>>();
  const ask = useMemo(
    () => (viewerKey: string) => {
      const { promise, resolve } = Promise.withResolvers<GivenAdmission>();
      setWaiting({ viewerKey, give: resolve });
      return promise.finally(() => setWaiting(undefined));
    },
    [],
  );
  return { ask, viewerKey: waiting?.viewerKey, give: waiting?.give };
}

interface AdmissionFormProps {
  readonly gate: AdmissionGate;
  readonly audienceKey: string;
}

/** Says what a viewer needs whom the publisher does not let in by itself, and takes it. */
export function AdmissionForm({ gate: { viewerKey, give }, audienceKey }: AdmissionFormProps) {
  const [text, setText] = useState('');
  const admission = admissionOf(text);
  if (viewerKey === undefined || give === undefined) return null;
  return (
    <section class="panel" aria-labelledby="admission-title">
      <h2 id="admission-title">Only viewers whom the publisher knows</h2>
      <p>
        You need an admission that its publisher’s log-in service signs for your viewer key with the audience
        key. A page of the publisher gets it by itself; here you can paste it. The viewer key is of this visit
        alone.
      </p>
      <dl class="facts">
        <div>
          <dt>Your viewer key</dt>
          <dd>
            <Identifier value={viewerKey} what="viewer key" />
          </dd>
        </div>
        <div>
          <dt>Audience key</dt>
          <dd>
            <Identifier value={audienceKey} what="audience key" />
          </dd>
        </div>
      </dl>
      <Field
        label="Admission"
        hint={'As {"dealId":"0x…","expiresAt":1800000000,"signature":"…"}.'}
        error={
          text === '' || admission !== undefined
            ? undefined
            : 'That is no admission: check that all of it is here.'
        }
      >
        {(control) => (
          <textarea
            {...control}
            rows={3}
            spellcheck={false}
            autocomplete="off"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="row">
        <button
          type="button"
          class="button button-primary"
          disabled={admission === undefined}
          onClick={() => admission !== undefined && give(admission)}
        >
          Enter
        </button>
      </div>
    </section>
  );
}
