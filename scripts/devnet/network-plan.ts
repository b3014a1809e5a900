export type Role = 'edge' | 'peer';

/** What the development network consists of. */
export interface PlannedNode {
  readonly name: string;
  readonly role: Role;
  readonly region: string;
  /** Asked price, wei for a delivered GiB. */
  readonly askWeiPerGiB: bigint;
  /** Serves corrupted blocks once told to (SIGUSR2): a real node with a hostile disk. */
  readonly hostile: boolean;
}

export const TOKEN_WEI = 10n ** 18n;
export const REGIONS = ['eu-west', 'us-east', 'ap-south'] as const;

const EDGES_PER_REGION = 2;

/** Six edges in three regions and two peers. The second edge of the second region is the one that will lie. */
export function planNodes(): readonly PlannedNode[] {
  const edges = REGIONS.flatMap((region, regionIndex) =>
    Array.from({ length: EDGES_PER_REGION }, (_, index): PlannedNode => {
      const number = regionIndex * EDGES_PER_REGION + index + 1;
      return {
        name: `edge-${number}`,
        role: 'edge',
        region,
        // Prices differ a little, as they would, and are no multiple of 2³⁰: rounding must add up all the same.
        askWeiPerGiB: TOKEN_WEI / 100n + BigInt(number) * 1_000_003n,
        hostile: regionIndex === 1 && index === 1,
      };
    }),
  );
  const peers = [0, 2].map((regionIndex, index): PlannedNode => {
    const region = REGIONS[regionIndex] ?? REGIONS[0];
    // The first asks less than any edge; the second asks more, and is paid like the cheapest edge.
    const askWeiPerGiB = index === 0 ? TOKEN_WEI / 200n + 7n : TOKEN_WEI / 50n;
    return { name: `peer-${index + 1}`, role: 'peer', region, askWeiPerGiB, hostile: false };
  });
  return [...edges, ...peers];
}
