interface SkeletonProps {
  /** Lines that what is coming will take. @default 3 */
  readonly lines?: number;
  /** What is being loaded, for those who do not see it. */
  readonly what?: string;
}

/** Holds the place of what is still being loaded. */
export function Skeleton({ lines = 3, what = 'figures' }: SkeletonProps) {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">Loading {what} …</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton-line" aria-hidden="true" />
      ))}
    </div>
  );
}
