import { randomBytes } from 'node:crypto';

import { expect } from 'chai';
import type { CID } from 'multiformats/cid';

import type { StatusDocument } from '../../node/app/control/documents.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../sdk/protocol/limits.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { eventually } from '../node/cli/eventually.ts';
import type { InitialisedNode } from '../node/cli/test-network.ts';
import { AttackedNetwork } from './attacked-network.ts';

const CHUNK_BYTES = 1 << 18;
const LEAVES = 6;

describe('viewers that cheat real edges', function () {
  this.timeout(120_000);
  let attacked: AttackedNetwork;
  let publication: Publication;
  let edge: InitialisedNode;
  let other: InitialisedNode;
  let leaves: readonly CID[];
  /** What honest receipts name at the first edge. */
  let earnedBytes = 0n;

  before(async () => {
    attacked = await AttackedNetwork.start(2);
    const [first, second] = attacked.edges;
    if (first === undefined || second === undefined) expect.fail('there are two edges');
    [edge, other] = [first, second];
    publication = await attacked.publish(LEAVES * CHUNK_BYTES, CHUNK_BYTES);
    // An epoch may end between a grant and its use: then the next grant is used.
    leaves = await eventually(async () =>
      attacked.leavesOf(publication, await attacked.grant(attacked.viewer(publication), edge)),
    );
    expect(leaves).to.have.length(LEAVES);
  });
  after(() => attacked.stop());

  it('one that never signs gets one window of bytes and no more', async () => {
    const viewer = attacked.viewer(publication);
    const { bytes, refusal } = await eventually(async () => {
      const issued = await attacked.grant(viewer, edge);
      let total = 0;
      for (const leaf of leaves) {
        const answer = await attacked.fetch(issued, leaf);
        total += answer.bytes;
        if (answer.status === 200) continue;
        expect(answer.text, 'refused within its epoch').to.contain('CREDIT_EXHAUSTED');
        return { bytes: total, refusal: answer };
      }
      return expect.fail('the node stops');
    });
    expect(refusal.status).to.equal(402);
    expect(bytes).to.be.within(1, MAX_SERVED_BLOCK_BYTES);
    const { stdout } = await attacked.network.command(edge, 'status', '--json');
    const status = JSON.parse(stdout) as StatusDocument;
    expect(Number(status.bytes.atRisk) + Number(status.bytes.lost), 'the node says so').to.be.at.least(bytes);
  });

  it('a grant is refused by another node, and in another epoch', async () => {
    const viewer = attacked.viewer(publication);
    const elsewhere = await attacked.grant(viewer, other);
    const issued = await attacked.grant(viewer, edge);
    const [leaf] = leaves;
    if (leaf === undefined) expect.fail('there is a leaf');
    const replayed = await attacked.fetch(issued, leaf, elsewhere.origin);
    expect(replayed.status).to.equal(403);
    expect(replayed.text).to.contain('GRANT_WRONG_NODE');
    await eventually(async () => {
      const late = await attacked.fetch(issued, leaf);
      expect(late.text).to.contain('GRANT_EXPIRED');
    });
  });

  it('forged receipts and receipts over the cap or over what was served are refused by node and coordinator', async () => {
    const key = randomBytes(32);
    const viewer = attacked.viewer(publication, key);
    const [leaf] = leaves;
    if (leaf === undefined) expect.fail('there is a leaf');
    const { issued, bytes } = await eventually(async () => {
      const granted = await attacked.grant(viewer, edge, { capBytes: BigInt(2 * CHUNK_BYTES) });
      const answer = await attacked.fetch(granted, leaf);
      expect(answer.status).to.equal(200);
      for (const [receipt, code] of [
        [attacked.sign(granted, answer.bytes, randomBytes(32)), 'RECEIPT_BAD_SIGNATURE'],
        [attacked.sign(granted, 2 * CHUNK_BYTES + 1, key), 'RECEIPT_OVER_CAP'],
        [attacked.sign(granted, answer.bytes + 1, key), 'RECEIPT_BEYOND_SERVED'],
      ] as const)
        expect((await attacked.toNode(granted, receipt)).text).to.contain(code);
      return { issued: granted, bytes: answer.bytes };
    });
    const { signedGrant } = issued.account;
    for (const [signedReceipt, code] of [
      [attacked.sign(issued, bytes, randomBytes(32)), 'RECEIPT_SIGNATURE_INVALID'],
      [attacked.sign(issued, 2 * CHUNK_BYTES + 1, key), 'RECEIPT_OVER_CAP'],
    ] as const) {
      const answer = await attacked.toCoordinator('/v1/receipts', [{ signedGrant, signedReceipt }]);
      expect(answer.text).to.contain(code);
    }
    // The honest receipt of the same grant counts all the same.
    const honest = attacked.sign(issued, bytes, key);
    const pair = { signedGrant, signedReceipt: honest };
    const [acknowledged] = await attacked.api.deliverReceipts([pair]);
    expect(acknowledged?.bytes).to.equal(bytes);
    earnedBytes += BigInt(bytes);
  });

  it('the edge is paid for the honest receipt to the last wei, and for nothing else', async () => {
    await eventually(async () => {
      const { paidWei, ratePerGiB } = await attacked.allocation(publication, edge.operator);
      expect(paidWei).to.equal(priceWei(earnedBytes, ratePerGiB));
    });
    expect((await attacked.allocation(publication, other.operator)).paidWei).to.equal(0n);
  });
});
