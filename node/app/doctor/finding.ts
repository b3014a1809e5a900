import type { Finding } from '../control/doctor-documents.ts';

export type { Finding } from '../control/doctor-documents.ts';

/** Nothing to mend. */
export function fine(check: string, evidence: string): Finding {
  return { check, state: 'fine', evidence, run: null };
}

/** It works, and should be looked at. @param run the one command that mends it */
export function warning(check: string, evidence: string, run: string): Finding {
  return { check, state: 'warning', evidence, run };
}

/** It keeps the node from working or from earning. @param run the one command that mends it */
export function failed(check: string, evidence: string, run: string): Finding {
  return { check, state: 'failed', evidence, run };
}
