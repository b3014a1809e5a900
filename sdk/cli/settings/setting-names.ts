/** A setting of the publishers' command line. */
export interface SettingDescription {
  readonly flag: string;
  readonly argument: string;
  readonly variable: string;
  readonly description: string;
  readonly fallback?: string;
}

/** Every setting that may stand in a flag, in the environment or in the configuration file, under these names. */
export const SETTINGS = {
  marketplace: {
    ...{ flag: '--marketplace', argument: '<url>', variable: 'BCDN_MARKETPLACE' },
    description: 'the marketplace',
  },
  rpc: { flag: '--rpc', argument: '<url>', variable: 'BCDN_RPC', description: 'JSON-RPC of the chain' },
  deployment: {
    ...{ flag: '--deployment', argument: '<file>', variable: 'BCDN_DEPLOYMENT' },
    description: 'the contracts, so that the marketplace need not be believed (default: those that it names)',
  },
  keystore: {
    ...{ flag: '--keystore', argument: '<file>', variable: 'BCDN_KEYSTORE' },
    description: 'V3 keystore of the publisher',
  },
  passwordFile: {
    ...{ flag: '--password-file', argument: '<file>', variable: 'BCDN_PASSWORD_FILE' },
    description: 'file with its password',
  },
  replicas: {
    ...{ flag: '--replicas', argument: '<count>', variable: 'BCDN_REPLICAS' },
    ...{ description: 'edges that will hold the content', fallback: '3' },
  },
  regions: {
    ...{ flag: '--regions', argument: '<codes>', variable: 'BCDN_REGIONS' },
    description: 'only these, separated by commas (default: everywhere)',
  },
  maxRate: {
    ...{ flag: '--max-rate', argument: '<amount>', variable: 'BCDN_MAX_RATE' },
    description: 'highest price of a GiB, such as 0.02BCDN (default: no limit)',
  },
} as const satisfies Readonly<Record<string, SettingDescription>>;

export type SettingName = keyof typeof SETTINGS;
export type SettingTexts = { readonly [name in SettingName]?: string | undefined };

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
