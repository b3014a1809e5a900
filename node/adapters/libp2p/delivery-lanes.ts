import { DeliveryMessageError } from '../../../sdk/libp2p/delivery-protocol.ts';
import { MAX_WAITING_PAPERS } from '../../../sdk/libp2p/delivery-limits.ts';
import { DeliveryError } from '../../core/delivery/delivery-error.ts';
import type { DeliveryDesk, OpenGrant, TransferLeave } from '../delivery-desk/delivery-desk.ts';
import { GatewayError } from '../http/gateway-error.ts';

/** A grant that the client of a stream presented. */
interface Lane {
  readonly grant: Uint8Array;
  /** The grant as the desk opened it, all receipts before credited; rejects with why it did not. Undefined: ask again. */
  open: Promise<OpenGrant> | undefined;
  /** Why a receipt was refused; the next want is told. */
  receiptRefusal: Error | undefined;
}

/** The grants of one stream by their numbers, each with its receipts in the order they came (SPEC.md, rules 1 and 2). */
export class DeliveryLanes {
  readonly #desk: DeliveryDesk;
  readonly #lanes = new Map<number, Lane>();
  #waiting = 0;

  constructor(desk: DeliveryDesk) {
    this.#desk = desk;
  }

  /** @throws DeliveryMessageError DELIVERY_REQUESTS_EXCEEDED */
  present(number: number, grant: Uint8Array): void {
    const open = this.#counted(this.#desk.admit({ grant }));
    this.#lanes.set(number, { grant, open, receiptRefusal: undefined });
  }

  /** @throws DeliveryMessageError DELIVERY_REQUESTS_EXCEEDED */
  credit(number: number, receipt: Uint8Array): void {
    const lane = this.#lanes.get(number);
    // The want that follows is told that its lane has no grant.
    if (lane === undefined) return;
    const opened = this.#opened(lane);
    lane.open = this.#counted(opened.then((open) => this.#credited(lane, open, receipt)));
  }

  /** The open grant of a lane. @throws GatewayError GRANT_REQUIRED, why the grant or its last receipt was refused */
  async openOf(number: number): Promise<OpenGrant> {
    const lane = this.#lanes.get(number);
    if (lane === undefined) throw grantRequired(number);
    const asked = this.#opened(lane);
    let open: OpenGrant;
    try {
      open = await asked;
    } catch (error) {
      // What was wrong may have passed: the grant is looked at again for the next want.
      if (lane.open === asked) lane.open = undefined;
      throw error;
    }
    const { receiptRefusal } = lane;
    lane.receiptRefusal = undefined;
    if (receiptRefusal !== undefined) throw receiptRefusal;
    return open;
  }

  /** Sets bytes aside; a grant that the desk has forgotten meanwhile is admitted again. @throws as `reserve` */
  async reserve(number: number, open: OpenGrant, bytes: number): Promise<TransferLeave> {
    try {
      return await this.#desk.reserve(open, bytes);
    } catch (error) {
      const lane = this.#lanes.get(number);
      if (lane === undefined || !isForgotten(error)) throw error;
      const again = await this.#desk.admit({ grant: lane.grant });
      open.standing = again.standing;
      return await this.#desk.reserve(open, bytes);
    }
  }

  #opened(lane: Lane): Promise<OpenGrant> {
    lane.open ??= this.#counted(this.#desk.admit({ grant: lane.grant }));
    return lane.open;
  }

  async #credited(lane: Lane, open: OpenGrant, receipt: Uint8Array): Promise<OpenGrant> {
    try {
      await this.#desk.credit(open, receipt);
      return open;
    } catch (error) {
      if (!isForgotten(error)) {
        lane.receiptRefusal = error instanceof Error ? error : new TypeError(String(error));
        return open;
      }
    }
    return await this.#desk.admit({ grant: lane.grant, receipt });
  }

  #counted(open: Promise<OpenGrant>): Promise<OpenGrant> {
    if (this.#waiting >= MAX_WAITING_PAPERS) {
      throw new DeliveryMessageError(
        'DELIVERY_REQUESTS_EXCEEDED',
        'Too many grants and receipts wait to be looked at.',
        { values: { max: MAX_WAITING_PAPERS } },
      );
    }
    this.#waiting += 1;
    const settled = (): void => {
      this.#waiting -= 1;
    };
    // A refusal is told to the next want; without one, to nobody.
    open.then(settled, settled);
    return open;
  }
}

function isForgotten(error: unknown): boolean {
  return (
    error instanceof DeliveryError &&
    (error.code === 'GRANT_UNKNOWN' || error.code === 'RECEIPT_UNKNOWN_GRANT')
  );
}

function grantRequired(lane: number): GatewayError {
  return new GatewayError(402, 'GRANT_REQUIRED', {
    message: 'No grant was presented on the lane of the request.',
    values: { lane },
    remedy: 'Obtain a grant from the coordinator and present it first.',
  });
}
