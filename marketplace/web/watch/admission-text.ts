import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { parseDealId } from '../../../sdk/protocol/identifiers.ts';
import type { GivenAdmission } from '../../../sdk/client/given-admission.ts';

/** Longest admission that is read, characters: a deal, a time and a signature, with room for white space. */
const MAX_ADMISSION_CHARACTERS = 1_024;
const SIGNATURE = /^[A-Za-z0-9_-]{86}$/;

/** A deal of a content, as far as it matters to who may view. */
interface ViewableDeal {
  readonly dealId: string;
  readonly state: string;
  readonly audienceKey: string | null;
}

/** The deal under which a viewer needs an admission; undefined where one is open to everybody, or none is open. */
export function admittingDeal<Deal extends ViewableDeal>(deals: readonly Deal[]): Deal | undefined {
  const open = deals.filter(({ state }) => state === 'open');
  return open.some(({ audienceKey }) => audienceKey === null) ? undefined : open[0];
}

/**
 * What a publisher's log-in service gave to a viewer: `{"dealId":"0x…","expiresAt":1800000000,"signature":"…"}`. Whether the
 * signature is good is for the coordinator to say.
 * @returns undefined for what is none
 */
export function admissionOf(text: string): GivenAdmission | undefined {
  if (text.length > MAX_ADMISSION_CHARACTERS) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    // What is no JSON is no admission: the field says so.
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { dealId, expiresAt, signature } = fields as Readonly<Record<string, unknown>>;
  const isSigned = typeof signature === 'string' && SIGNATURE.test(signature);
  if (typeof dealId !== 'string' || !Number.isSafeInteger(expiresAt) || !isSigned) return undefined;
  try {
    return { dealId: parseDealId(dealId), expiresAt: Number(expiresAt), signature };
  } catch (failure) {
    if (failure instanceof ProtocolError) return undefined;
    throw failure;
  }
}
