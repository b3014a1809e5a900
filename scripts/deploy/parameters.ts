/** What a deployment is made with. All of it is immutable once deployed. */
export interface DeployParameters {
  /** Length of an epoch, seconds. */
  readonly epochSeconds: number;
  /** Epochs a node has for claiming after an epoch ended. */
  readonly claimWindowEpochs: number;
  /** Epochs of a thaw; at least `claimWindowEpochs + 1`. */
  readonly thawEpochs: number;
  /** Protocol fee, basis points; at most 500. */
  readonly protocolFeeBps: number;
  /** Stake below which an edge is not active, wei. */
  readonly minimumEdgeStakeWei: bigint;
  /** Time between the request to unbond and the withdrawal, seconds. */
  readonly unbondingSeconds: number;
}

/** One whole token, wei. */
const TOKEN_WEI = 10n ** 18n;

/** Networks that deployments are made for. */
export type NetworkName = 'development' | 'production';

/** Parameters by network. */
export const DEPLOY_PARAMETERS: Readonly<Record<NetworkName, DeployParameters>> = {
  development: {
    epochSeconds: 5,
    claimWindowEpochs: 1,
    thawEpochs: 2,
    protocolFeeBps: 0,
    minimumEdgeStakeWei: 100n * TOKEN_WEI,
    unbondingSeconds: 10,
  },
  production: {
    epochSeconds: 86_400,
    claimWindowEpochs: 7,
    thawEpochs: 8,
    protocolFeeBps: 100,
    minimumEdgeStakeWei: 10_000n * TOKEN_WEI,
    unbondingSeconds: 14 * 86_400,
  },
};
