import { useEffect, useState } from 'preact/hooks';

import { Field } from '../../../sdk/ui/field.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { fetchMap } from '../market-data/network-map.ts';
import { fetchQuote, type QuoteWish } from '../market-data/quotes.ts';
import {
  INITIAL_FIELDS,
  SIZE_UNITS,
  wishOf,
  type CalculatorFields,
  type FieldErrors,
  type SizeUnit,
} from './calculator-wish.ts';
import { QuoteAnswer } from './quote-answer.tsx';

/** Pause after the last change of a field before the marketplace is asked. */
const SETTLE_MS = 300;
/** A quote follows the market while it is looked at. */
const QUOTE_EVERY_MS = 15_000;

/** Prices of the moment for a distribution that nobody has to open: the marketplace's own quote, live. */
export function PriceCalculator() {
  const [fields, setFields] = useState(INITIAL_FIELDS);
  const { wish, errors = {} } = wishOf(fields);
  const settled = useSettled(wish);
  const quote = useMarketData(
    async (signal) => (settled === undefined ? undefined : fetchQuote(settled, signal)),
    {
      key: keyOf(settled),
      everyMs: QUOTE_EVERY_MS,
    },
  );
  return (
    <section class="calculator" aria-labelledby="calculator-title">
      <header class="stack">
        <h2 id="calculator-title">What would it cost?</h2>
        <p class="soft">
          Asked of this network as it is now: its nodes, their prices, their measured load. Nothing is opened
          or signed.
        </p>
      </header>
      <div class="calculator-grid">
        <form class="stack" onSubmit={(event) => event.preventDefault()}>
          <CalculatorForm
            fields={fields}
            errors={errors}
            change={(part) => setFields({ ...fields, ...part })}
          />
        </form>
        <QuoteAnswer
          quote={quote}
          wish={settled}
          isChanging={wish === undefined || keyOf(wish) !== keyOf(settled)}
        />
      </div>
    </section>
  );
}

interface CalculatorFormProps {
  readonly fields: CalculatorFields;
  readonly errors: FieldErrors;
  readonly change: (part: Partial<CalculatorFields>) => void;
}

function CalculatorForm({ fields, errors, change }: CalculatorFormProps) {
  return (
    <>
      <Field label="Size of the content" error={errors.size}>
        {(control) => (
          <span class="joined">
            <input
              {...control}
              inputMode="decimal"
              value={fields.size}
              onInput={(event) => change({ size: event.currentTarget.value })}
            />
            <select
              aria-label="Unit of the size"
              value={fields.unit}
              onChange={(event) => change({ unit: unitOf(event.currentTarget.value) })}
            >
              {Object.keys(SIZE_UNITS).map((unit) => (
                <option key={unit}>{unit}</option>
              ))}
            </select>
          </span>
        )}
      </Field>
      <AudienceFields fields={fields} errors={errors} change={change} />
      <RegionField chosen={fields.regions} onChange={(regions) => change({ regions })} />
      <div class="field-row">
        <NumberField label="Replicas" name="replicas" fields={fields} errors={errors} change={change} />
        <NumberField label="Days" name="days" fields={fields} errors={errors} change={change} />
        <NumberField
          label="Price cap per GiB"
          name="priceCap"
          fields={fields}
          errors={errors}
          change={change}
        />
      </div>
    </>
  );
}

function AudienceFields({ fields, errors, change }: CalculatorFormProps) {
  return (
    <fieldset class="stack">
      <legend>Delivery</legend>
      <div class="choices">
        {(['viewers', 'delivered'] as const).map((audience) => (
          <label key={audience}>
            <input
              type="radio"
              name="audience"
              checked={fields.audience === audience}
              onChange={() => change({ audience })}
            />
            {audience === 'viewers' ? 'By viewers, each fetching all of it' : 'By GiB delivered'}
          </label>
        ))}
      </div>
      {fields.audience === 'viewers' ? (
        <NumberField label="Viewers" name="viewers" fields={fields} errors={errors} change={change} />
      ) : (
        <NumberField
          label="GiB delivered"
          name="deliveredGiB"
          fields={fields}
          errors={errors}
          change={change}
        />
      )}
    </fieldset>
  );
}

interface NumberFieldProps extends CalculatorFormProps {
  readonly label: string;
  readonly name: 'viewers' | 'deliveredGiB' | 'replicas' | 'days' | 'priceCap';
}

function NumberField({ label, name, fields, errors, change }: NumberFieldProps) {
  return (
    <Field label={label} error={errors[name]}>
      {(control) => (
        <input
          {...control}
          inputMode="decimal"
          value={fields[name]}
          placeholder={name === 'priceCap' ? 'none' : undefined}
          onInput={(event) => change({ [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

interface RegionFieldProps {
  readonly chosen: readonly string[];
  readonly onChange: (regions: readonly string[]) => void;
}

function RegionField({ chosen, onChange }: RegionFieldProps) {
  const { value: map } = useMarketData(fetchMap, { key: 'regions' });
  const regions = map?.regions ?? [];
  if (regions.length === 0) return null;
  return (
    <fieldset class="stack">
      <legend>Regions</legend>
      <div class="choices">
        <label>
          <input type="checkbox" checked={chosen.length === 0} onChange={() => onChange([])} />
          anywhere
        </label>
        {regions.map(({ region, name }) => (
          <label key={region} title={name}>
            <input
              type="checkbox"
              checked={chosen.includes(region)}
              onChange={(event) =>
                onChange(
                  event.currentTarget.checked ? [...chosen, region] : chosen.filter((one) => one !== region),
                )
              }
            />
            {region}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A wish once nobody has changed it for a moment. */
function useSettled(wish: QuoteWish | undefined): QuoteWish | undefined {
  const [settled, setSettled] = useState(wish);
  const key = keyOf(wish);
  useEffect(() => {
    if (wish === undefined || key === keyOf(settled)) return undefined;
    const timer = setTimeout(() => setSettled(wish), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [key]);
  return settled;
}

const keyOf = (wish: QuoteWish | undefined): string =>
  JSON.stringify(wish ?? null, (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );

const unitOf = (text: string): SizeUnit => (text === 'GiB' || text === 'TiB' ? text : 'MiB');
