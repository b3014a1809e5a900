import { readNode } from '../../../sdk/chain/nodes.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { ChainReader } from '../../adapters/chain/chain-reader.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { readKeystoreAddress } from '../../adapters/keystore/operator-keystore.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { askNode } from '../control/control-client.ts';
import {
  reachabilityDocument,
  type Finding,
  type ReachabilityDocument,
} from '../control/doctor-documents.ts';
import { statusDocument, type StatusDocument } from '../control/documents.ts';
import { NodeError, reportOf } from '../node-error.ts';
import { checkChain } from './chain-checks.ts';
import { checkDisk, checkSecrets } from './file-checks.ts';
import { failed } from './finding.ts';
import { checkMarketplace } from './marketplace-checks.ts';
import { checkPorts } from './port-checks.ts';
import { checkNode, checkReachability, checkRing, checkVersion } from './running-checks.ts';
import { checkStoppedReachability } from './stopped-reachability.ts';

const STATUS_TIMEOUT_MS = 10_000;
/** Up to six edges are asked, each for half a minute at most; two answer at once as a rule. */
const REACHABILITY_TIMEOUT_MS = 180_000;

/** What `doctor` found. */
export interface DoctorReport {
  readonly running: boolean;
  readonly findings: readonly Finding[];
}

/** Looks at everything that keeps a node from earning, beside the running node or without one. Changes nothing. */
export async function examine(config: NodeConfig, clock: Clock): Promise<DoctorReport> {
  const status = await statusOf(config);
  if (status instanceof Error) {
    const { message } = reportOf(status);
    return { running: true, findings: [failed('node', message, 'systemctl restart bcdn-node')] };
  }
  const running = status !== undefined;
  const reachability = running ? await reachabilityOf(config) : undefined;
  const usedBytes = status === undefined ? undefined : Number(status.disk.usedBytes);
  return {
    running,
    findings: [
      checkVersion(status),
      checkNode(status),
      await checkSecrets(config),
      await checkDisk(config, usedBytes),
      await checkPorts(config, status),
      ...(await networkFindings(config, { clock, status })),
      checkRing(status, reachability?.others),
      running
        ? checkReachability(reachability)
        : checkStoppedReachability(config.settings, await registeredEndpoints(config)),
    ],
  };
}

/** What depends on whose node it is: without its keystore there is nobody to look up. */
async function networkFindings(
  config: NodeConfig,
  context: { readonly clock: Clock; readonly status: StatusDocument | undefined },
): Promise<readonly Finding[]> {
  const { clock, status } = context;
  const { dataDir, deployment, settings } = config;
  let address: string;
  try {
    address = await readKeystoreAddress(dataDir.keystore);
  } catch (error) {
    return [failed('keystore', reportOf(error).message, `ls -l ${dataDir.root}`)];
  }
  const node = parseAddress(address);
  const provider = openProvider({ url: settings.rpcUrl, chainId: deployment.chainId });
  try {
    const reader = new ChainReader({ provider, deployment });
    const deals = status?.deals.length ?? 0;
    return [
      ...(await checkChain({ config, node, provider, reader, clock, deals })),
      ...(await checkMarketplace({ config, node, clock, running: status !== undefined })),
    ];
  } finally {
    provider.destroy();
  }
}

/** What the registry has of a node; undefined where it cannot be asked: other lines say why. */
async function registeredEndpoints({
  dataDir,
  deployment,
  settings,
}: NodeConfig): Promise<readonly string[] | undefined> {
  const provider = openProvider({ url: settings.rpcUrl, chainId: deployment.chainId });
  try {
    const node = parseAddress(await readKeystoreAddress(dataDir.keystore));
    return (await readNode(provider, deployment, node))?.endpoints ?? [];
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  } finally {
    provider.destroy();
  }
}

/** @returns undefined for a node that does not run, the error of one that does not answer as it should */
async function statusOf({ dataDir }: NodeConfig): Promise<StatusDocument | Error | undefined> {
  try {
    return await askNode({
      socket: dataDir.controlSocket,
      path: '/status',
      answer: statusDocument,
      timeoutMs: STATUS_TIMEOUT_MS,
    });
  } catch (error) {
    if (error instanceof NodeError && error.code === 'NODE_OFFLINE') return undefined;
    if (error instanceof Error) return error;
    throw error;
  }
}

/** @returns undefined while the node cannot ask others yet */
async function reachabilityOf({ dataDir }: NodeConfig): Promise<ReachabilityDocument | undefined> {
  try {
    return await askNode({
      socket: dataDir.controlSocket,
      path: '/reachability',
      answer: reachabilityDocument,
      timeoutMs: REACHABILITY_TIMEOUT_MS,
    });
  } catch (error) {
    // A node that starts, or that waits for its chain, has nobody to ask yet; the other lines say so.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
