/** Every refusal of the simulator. Codes are listed once, stable and never reused. */
export type SimulatorErrorCode =
  | 'OPTION_INVALID'
  | 'SCENARIO_UNKNOWN'
  | 'DELAYS_UNREADABLE'
  | 'DELAYS_INVALID'
  | 'OUTPUT_UNWRITABLE'
  | 'NODE_UNKNOWN'
  | 'TABLE_RANK_INVALID'
  | 'MACHINE_FAILED'
  | 'INTERRUPTED'
  | 'CHAIN_FAILED'
  | 'ATTACK_ACCEPTED'
  | 'ATTACK_BROKEN';

/** What the simulator cannot do, in a sentence that names the cause; `values` hold what was expected and what came. */
export class SimulatorError extends Error {
  readonly code: SimulatorErrorCode;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(
    code: SimulatorErrorCode,
    message: string,
    values: Record<string, string | number> = {},
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = 'SimulatorError';
    this.code = code;
    this.values = values;
  }
}
