import { concatBytes } from '../../../../sdk/protocol/bytes.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PushingNode } from '../world/pushing-node.ts';
import { RealViewer, cidOf } from '../world/real-viewer.ts';
import { claimReceipts } from '../world/settle-directly.ts';

const BLOCK_BYTES = 200_000;
const block = (byte: number): Uint8Array => new Uint8Array(BLOCK_BYTES).fill(byte);

/** What each node pushes in the place of the second block that the viewer asks for. */
const PUSHED: readonly Uint8Array[] = [
  concatBytes(block(2), block(9)), // the block with more behind it
  block(1), // one that it has
  block(3), // a good one that nobody asked for
];

/** A viewer counts a block when it has asked for it and its hash is right, and signs for nothing else. */
export const unrequestedBytes: Attack = {
  name: 'unrequested-bytes',
  description: 'A node pushes bytes that nobody asked for, says that they were receipted, and claims them.',
  refusals: ['NO_SOURCES', 'corrupt', 'InvalidReceiptSignature'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'pushed', amounts: [[operator, 10n * TOKEN_WEI]] });
    const epoch = world.epoch;
    const honest = [];
    const inflated = [];
    for (const [number, pushed] of PUSHED.entries()) {
      const key = viewerKey(number);
      const signedGrant = deal.signGrant(deal.grant({ node: operator.address, viewer: key, epoch }));
      const [first, second] = [block(1), block(2)];
      const source = new PushingNode([
        [cidOf(first), first],
        [cidOf(second), pushed],
      ]);
      const viewer = new RealViewer(world, { deal, key, signedGrant, source });
      await viewer.fetch(cidOf(first));
      await refusals.expect(viewer.fetch(cidOf(second)));
      for (const { reason } of viewer.report.droppedNodes) refusals.note(reason);
      await viewer.close();
      const best = source.receipts.at(-1);
      if (best === undefined) continue;
      honest.push({ signedGrant, signedReceipt: best });
      const receipt = { ...best.receipt, bytesCumulative: BigInt(source.sentBytes) };
      inflated.push({ signedGrant, signedReceipt: { ...best, receipt } });
    }
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    await refusals.expect(claimReceipts(operator, deal, ended, inflated));
    await claimReceipts(operator, deal, ended, honest);
    return purse.close(world.netWei(BigInt(PUSHED.length * BLOCK_BYTES)));
  },
};
