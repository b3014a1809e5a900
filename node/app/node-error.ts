/** Every refusal of the node's application and command line. Codes are listed once and never reused. */
export type NodeErrorCode =
  | 'SETTING_INVALID'
  | 'SETTING_MISSING'
  | 'CONFIG_EXISTS'
  | 'CONFIG_MISSING'
  | 'CONFIG_MALFORMED'
  | 'DEPLOYMENT_UNREADABLE'
  | 'DATA_DIR_IN_USE'
  | 'STORE_MISSING'
  | 'PORT_IN_USE'
  | 'CHAIN_UNREACHABLE'
  | 'CHAIN_WRONG_ID'
  | 'STAKE_UNFUNDED'
  | 'GAS_UNFUNDED'
  | 'STAKE_LEAVING'
  | 'STAKE_TOO_SMALL'
  | 'STAKE_NOT_UNBONDED'
  | 'NODE_UNREGISTERED'
  | 'NETWORK_KEY_TAKEN'
  | 'NODE_OFFLINE'
  | 'NODE_NOT_READY'
  | 'CONTROL_REFUSED'
  | 'CONTROL_MALFORMED'
  | 'DASHBOARD_OFF'
  | 'DASHBOARD_REFUSED'
  | 'DASHBOARD_TOKEN_WRONG'
  | 'BLOCK_EXCHANGE_REFUSED'
  | 'BLOCK_EXCHANGE_FAILED'
  | 'CONTENT_UNAVAILABLE'
  | 'BLOCK_NOT_STORED'
  | 'COORDINATOR_UNREACHABLE'
  | 'COORDINATOR_REFUSED'
  | 'COORDINATOR_MALFORMED'
  | 'VOUCHER_WRONG'
  | 'NOTHING_TO_WITHDRAW'
  | 'BUNDLE_UNWRITABLE'
  | 'SYSTEM_REFUSED'
  | 'CONTROL_FORBIDDEN'
  | 'CONFIRMATION_NEEDED';

/** Values that explain a refusal, ready to be serialised. */
export type NodeErrorValues = Readonly<Record<string, string | number | boolean>>;

/** A refusal with a stable code, the sentence, the values behind it and what mends it. */
export class NodeError extends Error {
  readonly code: NodeErrorCode;
  readonly values: NodeErrorValues;
  readonly remedy: string;

  constructor(
    code: NodeErrorCode,
    detail: { message: string; remedy: string; values?: NodeErrorValues; cause?: unknown },
  ) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'NodeError';
    this.code = code;
    this.values = detail.values ?? {};
    this.remedy = detail.remedy;
  }
}

/** What any error of the project says about itself, for logs, JSON answers and messages. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
  readonly remedy: string | undefined;
}

/** Describes an error of any layer: ours carry code, values and remedy; of others the message is kept. */
export function reportOf(error: unknown): ErrorReport {
  const message = error instanceof Error ? error.message : String(error);
  const fields = typeof error === 'object' && error !== null ? error : {};
  const code = 'code' in fields && typeof fields.code === 'string' ? fields.code : 'UNEXPECTED';
  const values: Record<string, string> = {};
  if ('values' in fields && typeof fields.values === 'object' && fields.values !== null) {
    for (const [name, value] of Object.entries(fields.values)) values[name] = String(value);
  }
  // Errors of the chain carry their remedy among the values.
  const { remedy: remedyValue, ...facts } = values;
  const remedy = 'remedy' in fields && typeof fields.remedy === 'string' ? fields.remedy : remedyValue;
  return { code, message, values: facts, remedy };
}
