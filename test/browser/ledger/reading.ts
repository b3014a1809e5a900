/** What money figures are compared. Amounts in wei. */
export type FigureName =
  | 'bytes'
  | 'rate'
  | 'metered'
  | 'settled'
  | 'paid'
  | 'fee'
  | 'balance'
  | 'allocated'
  | 'deposited'
  | 'withdrawn'
  | 'free'
  | 'held'
  | 'due'
  | 'unsettled'
  | 'lost';

/** What one place says of one subject: a bigint to the last unit, a number as exactly as a float is. */
export interface Reading {
  readonly place: string;
  /** Address of a node, or `deal`. */
  readonly subject: string;
  readonly figures: Readonly<Partial<Record<FigureName, bigint | number>>>;
}

/** The subject of sums over a whole deal. */
export const DEAL = 'deal';

/** A decimal string of a document or page. @throws TypeError for anything else: a missing figure is no 0 */
export function exact(value: unknown): bigint {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw new TypeError(`${String(value)} is no figure`);
}

/** Every figure on which two places do not agree, with what each of them says. */
export function disagreements(readings: readonly Reading[]): string[] {
  const said = new Map<string, { place: string; value: bigint | number }[]>();
  for (const { place, subject, figures } of readings) {
    for (const [figure, value] of Object.entries(figures)) {
      const key = `${figure} of ${subject}`;
      said.set(key, [...(said.get(key) ?? []), { place, value }]);
    }
  }
  return [...said]
    .filter(([, values]) => !agree(values.map(({ value }) => value)))
    .map(([key, values]) => `${key}: ${values.map(({ place, value }) => `${place} ${value}`).join(', ')}`);
}

/** Exact figures are equal; floats are what the exact figure is as a float. */
function agree(values: readonly (bigint | number)[]): boolean {
  const integers = values.filter((value) => typeof value === 'bigint');
  const [truth] = integers;
  if (truth === undefined) return new Set(values).size <= 1;
  return values.every((value) => (typeof value === 'bigint' ? value === truth : value === Number(truth)));
}

/** How many places say a figure of a subject. */
export function placesOf(readings: readonly Reading[], figure: FigureName, subject: string): number {
  return readings.filter((reading) => reading.subject === subject && figure in reading.figures).length;
}

/** The exact figure of a subject on which all agree. @throws TypeError if nobody says it */
export function agreed(readings: readonly Reading[], figure: FigureName, subject: string): bigint {
  for (const reading of readings) {
    const value = reading.subject === subject ? reading.figures[figure] : undefined;
    if (typeof value === 'bigint') return value;
  }
  throw new TypeError(`nobody says ${figure} of ${subject}`);
}
