/** What is known of a server when one has to be chosen. */
export interface ProviderStanding {
  readonly region: string;
  /** 0 idle to 254 full; 255 never heard. */
  readonly load: number;
  /** Measured round trip in milliseconds; undefined if never measured. */
  readonly delayMs: number | undefined;
}

/** Load of a server that never told it: neither preferred nor avoided. */
const ASSUMED_LOAD = 128;
const UNKNOWN_LOAD = 255;
/** Loads within one step of this size count as equal; else tiny differences would beat distance. */
const LOAD_STEP = 32;

/**
 * Orders providers for an asker, best first: own region, then load, then measured delay; unmeasured after measured
 * (RING.md, G-L). Equal ones keep their order, so a caller that shuffles first spreads the load.
 *
 * @example rankProviders(providers, { region: 'eu-west' }, (p) => p.standing)
 */
export function rankProviders<P>(
  providers: readonly P[],
  asker: { readonly region: string },
  standingOf: (provider: P) => ProviderStanding,
): P[] {
  return providers
    .map((provider) => ({ provider, standing: standingOf(provider) }))
    .sort((a, b) => compareStandings(a.standing, b.standing, asker.region))
    .map(({ provider }) => provider);
}

function compareStandings(a: ProviderStanding, b: ProviderStanding, region: string): number {
  const byRegion = Number(b.region === region) - Number(a.region === region);
  if (byRegion !== 0) return byRegion;
  const byLoad = loadStep(a.load) - loadStep(b.load);
  if (byLoad !== 0) return byLoad;
  const delayA = a.delayMs ?? Infinity;
  const delayB = b.delayMs ?? Infinity;
  return delayA === delayB ? 0 : delayA - delayB;
}

function loadStep(load: number): number {
  return Math.floor((load === UNKNOWN_LOAD ? ASSUMED_LOAD : load) / LOAD_STEP);
}
