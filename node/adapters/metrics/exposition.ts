import { Registry } from 'prom-client';

/** Metrics as a scraper reads them. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** The suffix belongs to the samples of a counter, not to its family. */
const COUNTER_FAMILY = /^(# (?:HELP|TYPE) \w+)_total /gm;

/**
 * Writes what registries hold in the OpenMetrics text format, version 1.0: one family after another, then `# EOF`.
 * From the older format, because prom-client's own way renames the counters of the registries that it prints, and
 * gives those that were summed over processes their suffix twice.
 */
export async function exposition(...registries: readonly Registry[]): Promise<Exposition> {
  const text = await Registry.merge([...registries]).metrics();
  const families = text.replace(COUNTER_FAMILY, '$1 ').replace(/\n{2,}/g, '\n');
  return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: `${families}# EOF\n` };
}
