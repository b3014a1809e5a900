import type { CID } from 'multiformats/cid';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { GatewayComponents } from './gateway-components.ts';
import { asGatewayError, GatewayError } from './gateway-error.ts';
import { FILL_TIMEOUT_MS, MAX_FILLS } from './gateway-limits.ts';

/** What became of a missing block. */
export interface FillOutcome {
  /** Whether the block is stored now. */
  readonly stored: boolean;
  /** Whether another request was fetching it already. */
  readonly collapsed: boolean;
}

/** Gets missing blocks from elsewhere: one flight for all who ask for the same one (DELIVERY.md, miss). */
export class BlockFill {
  readonly #components: Pick<GatewayComponents, 'blocks' | 'fill' | 'metrics' | 'log'>;
  readonly #flights = new Map<string, Promise<boolean>>();

  constructor(components: Pick<GatewayComponents, 'blocks' | 'fill' | 'metrics' | 'log'>) {
    this.#components = components;
  }

  /** @throws GatewayError FILLS_BUSY */
  async fill(cid: CID, contentRoot: ContentRoot | undefined): Promise<FillOutcome> {
    if (this.#components.fill === undefined) return { stored: false, collapsed: false };
    const key = `${cid.toString()} ${contentRoot ?? ''}`;
    const known = this.#flights.get(key);
    if (known !== undefined) return { stored: await known, collapsed: true };
    if (this.#flights.size >= MAX_FILLS) throw fillsBusy();
    const flight = this.#fetch(cid, contentRoot).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return { stored: await flight, collapsed: false };
  }

  async #fetch(cid: CID, contentRoot: ContentRoot | undefined): Promise<boolean> {
    const { blocks, fill, metrics, log } = this.#components;
    try {
      await fill?.(cid, contentRoot, AbortSignal.timeout(FILL_TIMEOUT_MS));
    } catch (error) {
      metrics.fill('failed');
      log.warn(
        { cid: cid.toString(), code: asGatewayError(error)?.code, error },
        'a missing block could not be fetched',
      );
      return false;
    }
    const filled = (await blocks.sizeOf(cid)) !== undefined;
    metrics.fill(filled ? 'filled' : 'missing');
    return filled;
  }
}

function fillsBusy(): GatewayError {
  return new GatewayError(503, 'FILLS_BUSY', {
    message: 'The node is fetching as many missing blocks as it can.',
    values: { maxFills: MAX_FILLS },
    remedy: 'Try again in a second, or ask another node.',
    headers: { 'retry-after': '1' },
  });
}
