const DAY_SECONDS = 86_400;

/** How urgent it is to add money: `empty` when nodes have nothing left to earn, `short` below a day. */
export function runwayAlarm(
  state: 'open' | 'closing' | 'closed',
  runwaySeconds: number | null,
  heldWei: bigint,
): 'none' | 'short' | 'empty' {
  if (state !== 'open') return 'none';
  if (heldWei === 0n) return 'empty';
  return runwaySeconds !== null && runwaySeconds < DAY_SECONDS ? 'short' : 'none';
}
