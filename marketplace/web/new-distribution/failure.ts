import type { ShownFailure } from './progress.ts';

/** What this page refuses by itself. Codes are listed once, are stable, and are never reused. */
export type NewDistributionErrorCode =
  'TOKENS_SHORT' | 'GAS_SHORT' | 'WORKER_FAILED' | 'CHAIN_DIFFERS' | 'NODES_GONE';

/** A step of a distribution that cannot be made, with what would make it possible. */
export class NewDistributionError extends Error {
  readonly code: NewDistributionErrorCode;
  readonly remedy: string;

  constructor(code: NewDistributionErrorCode, message: string, remedy: string) {
    super(message);
    this.name = 'NewDistributionError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** Any failure as it is shown: every error of the project has a code, and nearly every one a remedy. */
export function failureOf(failure: unknown): ShownFailure {
  const fields = new Map<string, unknown>(
    typeof failure === 'object' && failure !== null
      ? ['code', 'remedy', 'refusal'].map((name) => [name, Reflect.get(failure, name) as unknown])
      : [],
  );
  const code = fields.get('refusal') ?? fields.get('code');
  const remedy = fields.get('remedy');
  return {
    code: typeof code === 'string' ? code : 'UNFORESEEN',
    message: failure instanceof Error ? failure.message : String(failure),
    remedy: typeof remedy === 'string' ? remedy : 'Try again; nothing was lost.',
  };
}
