import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import type { DeskError } from './desk-error.ts';

interface FailureProps {
  readonly failure: DeskError | undefined;
  readonly retry?: () => void;
}

/** Why something is not shown or was not done, if it was not. */
export function Failure({ failure, retry }: FailureProps) {
  if (failure === undefined) return null;
  const { shownCode: code, message, remedy } = failure;
  return <FailureNotice failure={{ code, message, remedy }} retry={retry} />;
}
