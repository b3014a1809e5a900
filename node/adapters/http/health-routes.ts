import { sendJson, sendText, type Exchange } from './exchange.ts';
import type { GatewayComponents } from './gateway-components.ts';

/** GET /livez: the process answers. */
export function live(exchange: Exchange): void {
  sendJson(exchange, 200, { live: true });
}

/** GET /readyz: 200 when the node can do its work, else 503 with every reason why not. */
export function ready(
  { readiness, journal }: Pick<GatewayComponents, 'readiness' | 'journal'>,
  draining: boolean,
  exchange: Exchange,
): void {
  const reasons = [
    ...readiness(),
    ...(journal.refusal === undefined ? [] : [`${journal.refusal.message} ${journal.refusal.remedy}`]),
    ...(draining ? ['The node is stopping.'] : []),
  ];
  sendJson(exchange, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
}

/** GET /bcdn/v1/status: what the node says about itself to everybody. */
export async function status(
  components: Pick<GatewayComponents, 'status'>,
  exchange: Exchange,
): Promise<void> {
  sendJson(exchange, 200, await components.status());
}

/** GET /metrics, for Prometheus. */
export async function metrics(
  components: Pick<GatewayComponents, 'metrics'>,
  exchange: Exchange,
): Promise<void> {
  const { contentType, body } = await components.metrics.text();
  sendText(exchange, { status: 200, contentType, body });
}
