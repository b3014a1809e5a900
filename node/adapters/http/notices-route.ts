import { MAX_SIGNED_NOTICE_BYTES } from '../../../sdk/protocol/content-notice.ts';
import { base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import { sendJson, type Exchange } from './exchange.ts';
import type { GatewayComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import { readBody } from './request-body.ts';

/**
 * POST /bcdn/v1/notices: a signed notice of a publisher, in its binary form; it is told to all others. GET: the newest
 * takedowns that this node obeys, for nodes that were away.
 */
export async function notices(
  components: Pick<GatewayComponents, 'notices'>,
  exchange: Exchange,
): Promise<void> {
  const door = components.notices;
  if (door === undefined) throw noticesNotTaken();
  if (exchange.request.method !== 'POST') {
    sendJson(exchange, 200, { takedowns: door.takedowns().map(base64UrlEncode) });
    return;
  }
  const outcome = await door.take(await readBody(exchange.request, MAX_SIGNED_NOTICE_BYTES));
  sendJson(exchange, outcome === 'new' ? 202 : 200, { outcome });
}

function noticesNotTaken(): GatewayError {
  return new GatewayError(404, 'NOTICES_NOT_TAKEN', {
    message: 'This node takes no notices.',
    remedy: 'Send it to an edge.',
  });
}
