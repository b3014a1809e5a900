import type { ComponentChildren } from 'preact';

interface EmptyStateProps {
  /** What there is none of. */
  readonly title: string;
  /** Why, and what would change that. */
  readonly children?: ComponentChildren;
}

/** There is nothing yet, and how there will be something. */
export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div class="empty-state">
      <p class="empty-state-title">{title}</p>
      {children}
    </div>
  );
}
