import { MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { expect } from 'chai';
import fc from 'fast-check';

import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import type { Reservation } from '../../../node/core/delivery/reservation.ts';

import { GrantAccount, type Ticket } from '../../../sdk/client/grant-account.ts';
import type { Grant } from '../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
} from '../../../sdk/protocol/identifiers.ts';

const node = parseAddress(`0x${'01'.repeat(20)}`);
const viewerKey = parseAddress(`0x${'02'.repeat(20)}`);
const grantKey = parseAddress(`0x${'03'.repeat(20)}`);
const dealId = parseDealId(`0x${'04'.repeat(32)}`);
const contentRoot = parseContentRoot(`0x${'05'.repeat(32)}`);
const grantHash = parseGrantHash(`0x${'06'.repeat(32)}`);

function grantOf(capBytes: number): Grant {
  return { dealId, node, viewerKey, epoch: parseEpoch(7), capBytes: BigInt(capBytes), contentRoot };
}

function accountOf(capBytes: number): GrantAccount {
  return new GrantAccount(grantHash, { grant: grantOf(capBytes), signature: new Uint8Array(64) }, 8_000);
}

/** The edge's side: the node's own ledger. */
class Edge {
  readonly #ledger = new DeliveryLedger({ node, epochSeconds: 1, claimWindowEpochs: 1 });
  readonly #allocation = {
    state: 'active',
    balanceWei: 10n ** 30n,
    ratePerGiB: 1n,
    throughEpoch: parseEpoch(0),
  } as const;

  constructor(capBytes: number) {
    const deal = {
      dealId,
      publisher: node,
      contentRoot,
      contentCodec: 0x70,
      state: 'open',
      grantKey,
    } as const;
    const { allocation } = { allocation: this.#allocation };
    const grant = grantOf(capBytes);
    const opened = this.#ledger.open({
      grantHash,
      grant,
      signer: grantKey,
      deal,
      allocation,
      nowSeconds: 7.5,
    });
    expect(opened.ok).to.equal(true);
  }

  /** Takes the receipt, then reserves: as the gateway does. */
  ask(ticket: Ticket, bytes: number): Reservation {
    if (ticket.receiptBytes !== undefined) {
      const bytesCumulative = BigInt(ticket.receiptBytes);
      const credited = this.#ledger.applyReceipt({ grantHash, bytesCumulative, signer: viewerKey });
      if (!credited.ok) expect.fail(credited.error.code);
    }
    const allocation = this.#allocation;
    const reserved = this.#ledger.reserve({ grantHash, bytes, allocation, nowSeconds: 7.5 });
    if (!reserved.ok) return expect.fail(reserved.error.code);
    return reserved.value;
  }

  get windowBytes(): number {
    return this.#ledger.state(grantHash)?.windowBytes ?? 0;
  }
}

describe('GrantAccount', () => {
  it('sends one full block before anything was receipted, and the next with the receipt for it', () => {
    const account = accountOf(10 * MAX_SERVED_BLOCK_BYTES);
    expect(account.admits(MAX_SERVED_BLOCK_BYTES + 1)).to.equal(false);
    expect(account.admits(MAX_SERVED_BLOCK_BYTES)).to.equal(true);
    const first = account.begin(MAX_SERVED_BLOCK_BYTES);
    expect(first.receiptBytes).to.equal(undefined);
    expect(account.admits(1)).to.equal(false);
    account.served(first, 1_000_000, true);
    expect(account.admits(MAX_SERVED_BLOCK_BYTES)).to.equal(true);
    expect(account.begin(MAX_SERVED_BLOCK_BYTES).receiptBytes).to.equal(1_000_000);
  });

  it('never puts wrong bytes into a receipt', () => {
    const account = accountOf(10_000_000);
    account.served(account.begin(50_000), 50_000, true);
    account.served(account.begin(60_000), 60_000, false);
    expect(account.verifiedBytes).to.equal(50_000);
  });

  it('asks for no more than the cap allows', () => {
    const account = accountOf(100_000);
    expect(account.admits(100_001)).to.equal(false);
    account.served(account.begin(60_000), 60_000, true);
    expect(account.leftBytes).to.equal(40_000);
    expect(account.admits(40_001)).to.equal(false);
    expect(account.admits(40_000)).to.equal(true);
  });

  it('retires when a transfer broke off, and keeps what was verified', () => {
    const account = accountOf(10_000_000);
    account.served(account.begin(50_000), 50_000, true);
    account.brokeOff(account.begin(50_000));
    expect(account.retired).to.equal('a transfer broke off');
    expect(account.admits(1)).to.equal(false);
    expect(account.verifiedBytes).to.equal(50_000);
    expect(account.underWay).to.equal(0);
  });

  it('believes no acknowledgement of bytes that it never verified', () => {
    const account = accountOf(10_000_000);
    account.served(account.begin(50_000), 50_000, true);
    account.learn({ acknowledgedBytes: 50_001, windowBytes: 2 ** 40 });
    expect(account.durableBytes).to.equal(0);
    expect(account.admits(MAX_SERVED_BLOCK_BYTES + 1)).to.equal(false);
  });

  it('never sends what the ledger of a node refuses, however requests and answers interleave and overtake', () => {
    const step = fc.record({
      bytes: fc.oneof(
        fc.integer({ min: 0, max: 4_000 }),
        fc.integer({ min: 1, max: MAX_SERVED_BLOCK_BYTES }),
      ),
      // Which waiting request reaches the edge, and which waiting answer reaches the viewer.
      deliver: fc.nat(7),
      answer: fc.nat(7),
      actual: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
        const capBytes = 20_000_000;
        const account = accountOf(capBytes);
        const edge = new Edge(capBytes);
        const sent: { ticket: Ticket; bytes: number }[] = [];
        const answered: { ticket: Ticket; bytes: number; window: number }[] = [];
        for (const { bytes, deliver, answer, actual } of steps) {
          if (account.admits(bytes))
            sent.push({ ticket: account.begin(bytes), bytes: Math.floor(bytes * actual) });
          const [request] = sent.splice(deliver % Math.max(1, sent.length), 1);
          if (request !== undefined) {
            edge.ask(request.ticket, request.bytes).commit();
            answered.push({ ...request, window: edge.windowBytes });
          }
          const [arrival] = answer % 2 === 0 ? answered.splice(answer % Math.max(1, answered.length), 1) : [];
          if (arrival !== undefined) {
            account.served(arrival.ticket, arrival.bytes, true);
            account.learn({ windowBytes: arrival.window });
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
