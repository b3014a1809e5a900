import { ChainError } from '../../../../sdk/chain/chain-errors.ts';
import { ClientError } from '../../../../sdk/client/client-error.ts';
import { ProtocolError } from '../../../../sdk/protocol/errors.ts';
import { MarketplaceError } from '../../../../marketplace/errors.ts';
import type { Outcome } from '../../../../node/core/delivery/delivery-error.ts';
import { SimulatorError } from '../../simulator-error.ts';

/** Writes down by which error or rule each step of an attack was refused. */
export class Refusals {
  readonly #names = new Set<string>();

  /** Each once, in the order in which they came. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** A step that must be refused. @throws SimulatorError ATTACK_ACCEPTED if it is not; what is no coded refusal */
  async expect(step: Promise<unknown>): Promise<void> {
    if (await this.attempt(step)) throw accepted();
  }

  /** A step that may succeed. @returns whether it did */
  async attempt(step: Promise<unknown>): Promise<boolean> {
    try {
      await step;
      return true;
    } catch (error) {
      this.#names.add(nameOf(error));
      return false;
    }
  }

  /** The same as `expect` for a rule that answers instead of throwing. @throws SimulatorError ATTACK_ACCEPTED */
  expectRefused(outcome: Outcome<unknown>): void {
    if (outcome.ok) throw accepted();
    this.#names.add(outcome.error.code);
  }

  /** Notes a refusal that came as a code in an answer. @throws SimulatorError ATTACK_ACCEPTED if there is none */
  note(code: string | undefined): void {
    if (code === undefined) throw accepted();
    this.#names.add(code);
  }
}

function accepted(): SimulatorError {
  return new SimulatorError('ATTACK_ACCEPTED', 'A step of the attack that must be refused was accepted.');
}

function nameOf(error: unknown): string {
  if (error instanceof ChainError && error.code === 'CHAIN_REVERTED') return String(error.values['error']);
  if (error instanceof MarketplaceError || error instanceof ProtocolError || error instanceof ClientError)
    return error.code;
  throw error;
}
