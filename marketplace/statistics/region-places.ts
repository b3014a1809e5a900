/** Where a region is drawn on a map, and what people call it. */
export interface RegionPlace {
  readonly name: string;
  /** Degrees north. */
  readonly latitude: number;
  /** Degrees east. */
  readonly longitude: number;
}

/** Regions that are widely used; the registry takes any eight bytes, so there are others. */
const PLACES: Readonly<Record<string, RegionPlace>> = {
  'eu-west': { name: 'Western Europe', latitude: 50.1, longitude: 4.5 },
  'eu-north': { name: 'Northern Europe', latitude: 59.3, longitude: 18.1 },
  'eu-south': { name: 'Southern Europe', latitude: 41.9, longitude: 12.5 },
  'eu-east': { name: 'Eastern Europe', latitude: 52.2, longitude: 21 },
  'us-east': { name: 'Eastern North America', latitude: 40.7, longitude: -77 },
  'us-west': { name: 'Western North America', latitude: 37.8, longitude: -121 },
  'us-south': { name: 'Southern North America', latitude: 32.8, longitude: -96.8 },
  'us-north': { name: 'Northern North America', latitude: 45.5, longitude: -93 },
  'sa-east': { name: 'Eastern South America', latitude: -23.5, longitude: -46.6 },
  'sa-west': { name: 'Western South America', latitude: -33.4, longitude: -70.7 },
  'ap-south': { name: 'South Asia', latitude: 19.1, longitude: 77 },
  'ap-east': { name: 'East Asia', latitude: 22.3, longitude: 114.2 },
  'ap-north': { name: 'North-East Asia', latitude: 35.7, longitude: 139.7 },
  'ap-se': { name: 'South-East Asia', latitude: 1.35, longitude: 103.8 },
  'oc-east': { name: 'Oceania', latitude: -33.9, longitude: 151.2 },
  'me-south': { name: 'Middle East', latitude: 25.2, longitude: 55.3 },
  'af-south': { name: 'Southern Africa', latitude: -26.2, longitude: 28 },
  'af-north': { name: 'Northern Africa', latitude: 30, longitude: 31.2 },
  'af-west': { name: 'Western Africa', latitude: 6.5, longitude: 3.4 },
};

/** @returns undefined for a region that is not on the map */
export function placeOf(region: string): RegionPlace | undefined {
  return Object.hasOwn(PLACES, region) ? PLACES[region] : undefined;
}
