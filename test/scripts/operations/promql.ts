import { parser } from '@prometheus-io/lezer-promql';

/** What an expression asks of one metric. */
export interface Selection {
  readonly metric: string;
  /** Labels that are matched or grouped by, which the metric must therefore have. */
  readonly labels: readonly string[];
}

/** Variables of dashboards, which are no PromQL, by something that is. */
const VARIABLES: readonly (readonly [RegExp, string])[] = [
  [/\$__rate_interval/g, '5m'],
  [/\$instance/g, '.+'],
];

/**
 * Reads an expression as Prometheus does.
 * @throws RangeError with the place, when it is no PromQL
 */
export function selectionsOf(expression: string): Selection[] {
  const text = VARIABLES.reduce((left, [variable, value]) => left.replace(variable, value), expression);
  const selections: { metric: string; labels: string[]; end: number }[] = [];
  const grouped: string[] = [];
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      const part = text.slice(from, to);
      const last = selections.at(-1);
      const inside = last !== undefined && to <= last.end ? last : undefined;
      if (type.isError) throw new RangeError(`no PromQL at ${from} of ${text}`);
      if (type.name === 'VectorSelector') selections.push({ metric: '', labels: [], end: to });
      if (type.name === 'Identifier' && inside !== undefined) inside.metric = part;
      if (type.name === 'LabelName') (inside?.labels ?? grouped).push(part);
    },
  });
  return selections.map(({ metric, labels }) => ({ metric, labels: [...labels, ...grouped] }));
}
