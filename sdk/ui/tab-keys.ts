/**
 * Which tab a key leads to (WAI-ARIA authoring practices, tabs): arrows go around, Home and End to the ends.
 * @returns index of the tab, or undefined for a key that means nothing here
 */
export function tabAfterKey(key: string, current: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowRight':
      return (current + 1) % count;
    case 'ArrowLeft':
      return (current - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
