import { Field } from '../../../sdk/ui/field.tsx';
import { fetchNodes } from '../market-data/nodes.ts';
import { useMarketData } from '../market-data/use-market-data.ts';
import type { WishErrors, Wishes } from './wishes.ts';

interface StepProps {
  readonly wishes: Wishes;
  readonly errors: WishErrors;
  readonly change: (changed: Partial<Wishes>) => void;
}

/** Nodes that the list of regions is made from. */
const REGION_NODES = 100;

/** Second part of the form: for whom, where, how long. */
export function AudienceStep({ wishes, errors, change }: StepProps) {
  const regions = useRegions();
  const toggle = (code: string, isOn: boolean): void =>
    change({ regions: isOn ? [...wishes.regions, code] : wishes.regions.filter((other) => other !== code) });
  return (
    <fieldset class="stack">
      <legend>
        <h2>Audience</h2>
      </legend>
      <fieldset>
        <legend>Regions</legend>
        <p class="field-hint">Only nodes there are paid. None chosen: everywhere.</p>
        <div class="choices">
          {regions.map(({ code, nodes }) => (
            <label key={code}>
              <input
                type="checkbox"
                checked={wishes.regions.includes(code)}
                onChange={(event) => toggle(code, event.currentTarget.checked)}
              />
              {code} <span class="soft small">({nodes})</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="fields">
        <TextField
          label="Viewers"
          name="viewers"
          hint="Each is counted with the whole content once."
          {...{ wishes, errors, change }}
        />
        <TextField label="Days" name="days" hint="In which they come." {...{ wishes, errors, change }} />
        <TextField
          label="Viewers at the busiest moment"
          name="peakViewers"
          hint="Optional: with the bitrate it decides which nodes are fast enough."
          {...{ wishes, errors, change }}
        />
        <TextField
          label="Bitrate, Mbit/s"
          name="bitrate"
          hint="Optional: of one viewer, for what is played."
          {...{ wishes, errors, change }}
        />
      </div>
    </fieldset>
  );
}

/** Third part of the form: how well, how often, how dear. */
export function PlanStep({ wishes, errors, change }: StepProps) {
  return (
    <fieldset class="stack">
      <legend>
        <h2>Plan</h2>
      </legend>
      <div class="fields">
        <TextField
          label="Copies"
          name="replicas"
          hint="Nodes that hold the content; with three, two may fail."
          {...{ wishes, errors, change }}
        />
        <Field
          label="Service level"
          error={errors.serviceLevel}
          hint="Written into the deal, for viewers and nodes to see."
        >
          {(control) => (
            <select
              {...control}
              value={wishes.serviceLevel}
              onChange={(event) => change({ serviceLevel: event.currentTarget.value })}
            >
              <option value="0">Best effort</option>
              <option value="1">Standard</option>
              <option value="2">High</option>
            </select>
          )}
        </Field>
        <TextField
          label="Highest price, BCDN for a GiB"
          name="priceCap"
          hint="Optional: dearer nodes are left out."
          {...{ wishes, errors, change }}
        />
      </div>
    </fieldset>
  );
}

interface TextFieldProps extends StepProps {
  readonly label: string;
  readonly name: Exclude<keyof Wishes, 'regions'>;
  readonly hint: string;
}

function TextField({ label, name, hint, wishes, errors, change }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={errors[name]}>
      {(control) => (
        <input
          {...control}
          name={name}
          inputMode="decimal"
          autocomplete="off"
          value={wishes[name]}
          onInput={(event) => change({ [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

function useRegions(): readonly { readonly code: string; readonly nodes: number }[] {
  const { value } = useMarketData((signal) => fetchNodes({ role: 'edge', limit: REGION_NODES }, signal), {
    key: 'regions',
  });
  const counts = new Map<string, number>();
  for (const { region } of value?.nodes ?? []) counts.set(region, (counts.get(region) ?? 0) + 1);
  return [...counts].map(([code, nodes]) => ({ code, nodes })).sort((a, b) => (a.code < b.code ? -1 : 1));
}
