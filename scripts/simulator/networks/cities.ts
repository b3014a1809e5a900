/** A city with internet exchanges: where nodes of the built-in network stand. */
export interface City {
  readonly name: string;
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
  readonly region: string;
}

const ROWS: readonly (readonly [name: string, latitude: number, longitude: number, region: string])[] = [
  ['Amsterdam', 52.4, 4.9, 'eu-west'],
  ['Frankfurt', 50.1, 8.7, 'eu-west'],
  ['London', 51.5, -0.1, 'eu-west'],
  ['Paris', 48.9, 2.4, 'eu-west'],
  ['Madrid', 40.4, -3.7, 'eu-west'],
  ['Milan', 45.5, 9.2, 'eu-west'],
  ['Stockholm', 59.3, 18.1, 'eu-north'],
  ['Warsaw', 52.2, 21, 'eu-north'],
  ['Helsinki', 60.2, 24.9, 'eu-north'],
  ['Istanbul', 41, 29, 'me'],
  ['Dubai', 25.2, 55.3, 'me'],
  ['Tel Aviv', 32.1, 34.8, 'me'],
  ['New York', 40.7, -74, 'us-east'],
  ['Ashburn', 39, -77.5, 'us-east'],
  ['Miami', 25.8, -80.2, 'us-east'],
  ['Toronto', 43.7, -79.4, 'us-east'],
  ['Chicago', 41.9, -87.6, 'us-mid'],
  ['Dallas', 32.8, -96.8, 'us-mid'],
  ['Denver', 39.7, -105, 'us-mid'],
  ['Los Angeles', 34.1, -118.2, 'us-west'],
  ['San Jose', 37.3, -121.9, 'us-west'],
  ['Seattle', 47.6, -122.3, 'us-west'],
  ['Mexico City', 19.4, -99.1, 'latam'],
  ['Bogota', 4.7, -74.1, 'latam'],
  ['Sao Paulo', -23.6, -46.6, 'latam'],
  ['Buenos Aires', -34.6, -58.4, 'latam'],
  ['Santiago', -33.4, -70.7, 'latam'],
  ['Lagos', 6.5, 3.4, 'africa'],
  ['Nairobi', -1.3, 36.8, 'africa'],
  ['Johannesburg', -26.2, 28, 'africa'],
  ['Cairo', 30, 31.2, 'africa'],
  ['Mumbai', 19.1, 72.9, 'ap-south'],
  ['Chennai', 13.1, 80.3, 'ap-south'],
  ['Singapore', 1.4, 103.8, 'ap-south'],
  ['Jakarta', -6.2, 106.8, 'ap-south'],
  ['Hong Kong', 22.3, 114.2, 'ap-east'],
  ['Shanghai', 31.2, 121.5, 'ap-east'],
  ['Taipei', 25, 121.6, 'ap-east'],
  ['Seoul', 37.6, 127, 'ap-east'],
  ['Tokyo', 35.7, 139.7, 'ap-east'],
  ['Sydney', -33.9, 151.2, 'oceania'],
  ['Auckland', -36.8, 174.8, 'oceania'],
];

export const CITIES: readonly City[] = ROWS.map(([name, latitude, longitude, region]) => ({
  name,
  latitude,
  longitude,
  region,
}));
