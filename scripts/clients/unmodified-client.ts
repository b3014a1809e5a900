import type { ServedSite } from './served-site.ts';

/** One thing that a client was made to do, and what came of it. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What was seen: figures when it worked, the failure when it did not. */
  readonly evidence: string;
}

/** A program that others wrote, used as it is. */
export interface UnmodifiedClient {
  readonly name: string;
  /** Why it cannot be tried here and how to get it, or undefined if it is here. */
  absence(): Promise<string | undefined>;
  /** Tries everything in turn; a failure is a finding and not thrown. */
  check(setting: CheckSetting): Promise<readonly Finding[]>;
}

export interface CheckSetting {
  readonly site: ServedSite;
  /** For what the client writes; empty, removed afterwards. */
  readonly directory: string;
}

/** Does one thing with a client. @param work returns what was seen, throws what failed */
export async function finding(what: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, evidence: await work() };
  } catch (error) {
    return { what, ok: false, evidence: error instanceof Error ? error.message : String(error) };
  }
}
