import type { ComponentChildren } from 'preact';

import { Notice } from './notice.tsx';

/** What every coded error of the project has. */
export interface ShownFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

interface FailureNoticeProps {
  readonly failure: ShownFailure;
  /** Tries again. */
  readonly retry?: (() => void) | undefined;
  readonly children?: ComponentChildren;
}

/** A coded failure: its sentence, its code as evidence, its remedy. */
export function FailureNotice({ failure, retry, children }: FailureNoticeProps) {
  const { code, message, remedy } = failure;
  return (
    <Notice tone="bad" title={message} evidence={<code>{code}</code>} remedy={remedy}>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
      {children}
    </Notice>
  );
}
