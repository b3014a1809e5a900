import type { DealId } from '../protocol/identifiers.ts';

/**
 * A publisher's word that it knows a viewer, in the form in which its log-in service hands it to the viewer as JSON and the
 * viewer shows it to the coordinator (protocol/SPEC.md, signed messages). Worth nothing to any other viewer key.
 */
export interface GivenAdmission {
  readonly dealId: DealId;
  /** Unix seconds, at most `MAX_ADMISSION_SECONDS` ahead. */
  readonly expiresAt: number;
  /** Of the audience key over `Admission`, base64url. */
  readonly signature: string;
}
