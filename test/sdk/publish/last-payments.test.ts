import { expect } from 'chai';

import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { waitForLastPayments, type PaymentWait } from '../../../sdk/publish/last-payments.ts';
import { LAST_PAYMENTS_TIMEOUT_MS } from '../../../sdk/publish/publish-limits.ts';

const [slow, dead] = ['44', '55'].map((byte) => parseAddress(`0x${byte.repeat(20)}`)) as [Address, Address];

/** Time that passes while somebody waits, and with each question. */
class VirtualClock {
  #ms = 0;
  readonly questionMs: number;

  constructor(questionMs = 0) {
    this.questionMs = questionMs;
  }

  nowMs(): number {
    return this.#ms;
  }

  sleep(ms: number): Promise<void> {
    this.#ms += ms;
    return Promise.resolve();
  }

  asked(): void {
    this.#ms += this.questionMs;
  }
}

describe('the last payments before escrow is taken back', () => {
  it('are not waited for when every node is paid', async () => {
    const clock = new VirtualClock();
    expect(await waitForLastPayments({ clock, ask: async () => [] })).to.deep.equal([]);
    expect(clock.nowMs()).to.equal(0);
  });

  it('are waited for while a node is slow, and not longer', async () => {
    const clock = new VirtualClock();
    const waits: PaymentWait[] = [];
    const ask = async (): Promise<readonly Address[]> => (clock.nowMs() < 7_250 ? [slow] : []);
    const onWait = (wait: PaymentWait): void => void waits.push(wait);
    expect(await waitForLastPayments({ clock, ask }, { onWait })).to.deep.equal([]);
    expect(clock.nowMs()).to.equal(7_500);
    expect(waits[0]).to.deep.equal({ nodes: [slow], secondsLeft: 60 });
  });

  it('of a dead node hold the refund up for a minute, and it is named', async () => {
    const clock = new VirtualClock();
    expect(await waitForLastPayments({ clock, ask: async () => [dead] })).to.deep.equal([dead]);
    expect(clock.nowMs()).to.equal(LAST_PAYMENTS_TIMEOUT_MS);
  });

  it('are asked for again when the coordinator is away or slow, a minute in all', async () => {
    const away = new VirtualClock();
    let questions = 0;
    const ask = async (): Promise<readonly Address[]> => {
      if (++questions < 4) throw new TypeError('away');
      return [];
    };
    expect(await waitForLastPayments({ clock: away, ask })).to.deep.equal([]);
    expect(questions).to.equal(4);

    const stalled = new VirtualClock(20_000);
    const silent = async (): Promise<readonly Address[]> => {
      stalled.asked();
      throw new TypeError('stalled');
    };
    expect(await waitForLastPayments({ clock: stalled, ask: silent })).to.deep.equal([]);
    expect(stalled.nowMs()).to.be.at.most(LAST_PAYMENTS_TIMEOUT_MS + stalled.questionMs);
  });

  it('end with the reason of whoever gives up', async () => {
    const giveUp = new AbortController();
    const ask = async (): Promise<readonly Address[]> => {
      giveUp.abort(new RangeError('enough'));
      throw new TypeError('away');
    };
    const waiting = waitForLastPayments({ clock: new VirtualClock(), ask }, { signal: giveUp.signal });
    const failure: unknown = await waiting.catch((reason: unknown) => reason);
    expect(failure).to.be.instanceOf(RangeError);
  });
});
