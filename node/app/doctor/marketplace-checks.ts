import { z } from 'zod';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import type { HttpAnswer, HttpExchange } from '../../../sdk/client/http-exchange.ts';
import { decodeJson } from '../../../sdk/client/json-call.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { reportOf } from '../node-error.ts';
import { shownUrl } from './chain-checks.ts';
import { failed, fine, warning, type Finding } from './finding.ts';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 65_536;
/** A Date header tells whole seconds, and the answer takes its time. */
const DRIFT_WARNING_MS = 3_000;
const DRIFT_FAILED_MS = 30_000;

const networkSchema = z.object({
  chainId: z.string().max(20),
  market: z.string().max(42),
  registry: z.string().max(42),
});
const nodeSchema = z.object({ active: z.boolean(), health: z.string().max(16) });

export interface MarketplaceCheckParts {
  readonly config: NodeConfig;
  readonly node: Address;
  readonly clock: Clock;
  readonly running: boolean;
}

/** Whether the marketplace answers, is of the same network, knows this node, and has the same time. */
export async function checkMarketplace(parts: MarketplaceCheckParts): Promise<readonly Finding[]> {
  const { marketplaceUrl } = parts.config.settings;
  const http = new UndiciExchange();
  try {
    const network = await get(http, `${marketplaceUrl}/v1/network`);
    const clock = checkClock(network, parts);
    const findings = clock === undefined ? [] : [clock];
    return [...findings, await checkNode(http, network, parts)];
  } catch (error) {
    const shown = shownUrl(marketplaceUrl);
    const message = reportOf(error).message.replaceAll(marketplaceUrl, shown);
    return [failed('marketplace', `${shown}: ${message}`, 'bcdn-node start --marketplace-url URL')];
  } finally {
    await http.close();
  }
}

async function checkNode(
  http: HttpExchange,
  network: HttpAnswer,
  { config, node, running }: MarketplaceCheckParts,
): Promise<Finding> {
  const { marketplaceUrl } = config.settings;
  const { deployment } = config;
  const shown = shownUrl(marketplaceUrl);
  const { chainId, market } = decodeJson(marketplaceUrl, network, networkSchema);
  if (chainId !== deployment.chainId.toString() || market.toLowerCase() !== deployment.market) {
    return failed(
      'marketplace',
      `${shown} is of another network: chain ${chainId}, market ${market}; this node: chain ${deployment.chainId.toString()}, market ${deployment.market}`,
      'bcdn-node start --marketplace-url URL',
    );
  }
  const answer = await get(http, `${marketplaceUrl}/v1/nodes/${node}`);
  if (answer.status === 404) {
    return warning('marketplace', `${shown} answers and does not know this node yet`, 'bcdn-node start');
  }
  const { active, health } = decodeJson(marketplaceUrl, answer, nodeSchema);
  const facts = `${shown} knows this node: ${active ? 'active' : 'not active'}, last seen ${health}`;
  if (running && health === 'down') return warning('marketplace', facts, 'bcdn-node status');
  return active ? fine('marketplace', facts) : warning('marketplace', facts, 'bcdn-node stake');
}

/** The marketplace's clock is one of a machine that its operator keeps right; the chain's moves by blocks. */
function checkClock(answer: HttpAnswer, { clock }: MarketplaceCheckParts): Finding | undefined {
  const date = Date.parse(answer.header('date') ?? '');
  if (Number.isNaN(date)) return undefined;
  const driftMs = clock.nowMs() - date;
  const facts = `${Math.abs(driftMs) < 1_500 ? 'the same second as' : `${Math.round(Math.abs(driftMs) / 1_000)} s ${driftMs > 0 ? 'ahead of' : 'behind'}`} the marketplace`;
  if (Math.abs(driftMs) > DRIFT_FAILED_MS) return failed('clock', facts, 'timedatectl set-ntp true');
  if (Math.abs(driftMs) > DRIFT_WARNING_MS) return warning('clock', facts, 'timedatectl set-ntp true');
  return fine('clock', facts);
}

function get(http: HttpExchange, url: string): Promise<HttpAnswer> {
  return http.request({ method: 'GET', url, maxBytes: MAX_BYTES, stallTimeoutMs: TIMEOUT_MS });
}
