import { id } from 'ethers';

import { allocate, openDeal, readAllocation, readChainTime } from '../../../sdk/chain/deals.ts';
import { domainOf } from '../../../sdk/chain/deployment.ts';
import { drawPosition, registerNode } from '../../../sdk/chain/nodes.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { epochAt } from '../../../sdk/protocol/epoch.ts';
import { grantDigest, grantHashOf, type Grant } from '../../../sdk/protocol/grant.ts';
import { parseContentRoot, parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { voucherDigest, type SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { startLocalNetwork, TOKEN, type LocalNetwork } from './local-network.ts';

export const MIB = 1_048_576n;
export const CONTENT_ROOT = parseContentRoot(id('content'));
/** Epochs of the development network, seconds. */
const EPOCH_SECONDS = 5;
const STAKE_WEI = 100n * TOKEN;
const collectorKey = hexToBytes(id('collector'));
const grantKey = hexToBytes(id('grant key'));
const viewerKey = hexToBytes(id('viewer'));

/** A local chain with a publisher (account 1) and a drawn edge (account 2), for tests of being paid. */
export class ClaimNetwork {
  readonly network: LocalNetwork;
  readonly publisher: TransactionSender;
  readonly node: TransactionSender;

  private constructor(network: LocalNetwork) {
    this.network = network;
    this.publisher = network.sender(1);
    this.node = network.sender(2);
  }

  static async start(): Promise<ClaimNetwork> {
    const claims = new ClaimNetwork(await startLocalNetwork());
    const { network, node, publisher } = claims;
    await network.fund(1, 100_000n * TOKEN);
    await network.fund(2, 1_000n * TOKEN);
    await registerNode(node, {
      role: 'edge',
      libp2pPublicKey: id('libp2p') as Hex,
      region: 'eu-west',
      endpoints: ['/ip4/127.0.0.1/tcp/4001'],
      askWeiPerGiB: TOKEN,
      stakeWei: STAKE_WEI,
    });
    await drawPosition(publisher, node.address);
    return claims;
  }

  stop(): Promise<void> {
    return this.network.stop();
  }

  get provider() {
    return this.network.provider;
  }

  /** Opens a deal that allocates to the node at 1,024 tokens a GiB: a wei-exact token for each MiB. */
  async deal(name: string, balanceWei: bigint): Promise<DealId> {
    const { dealId } = await openDeal(this.publisher, {
      salt: id(name) as Hex,
      collector: nativeSecp256k1.addressOf(collectorKey),
      grantKey: nativeSecp256k1.addressOf(grantKey),
      contentRoot: CONTENT_ROOT,
      contentCodec: 0x70,
      serviceLevel: 1,
      depositWei: balanceWei,
    });
    const request = { node: this.node.address, amountWei: balanceWei, ratePerGiB: 1_024n * TOKEN };
    await allocate(this.publisher, dealId, [request]);
    return dealId;
  }

  async epoch(): Promise<Epoch> {
    return epochAt(await readChainTime(this.provider), EPOCH_SECONDS);
  }

  async skipEpochs(count: number): Promise<void> {
    await this.provider.send('evm_increaseTime', [EPOCH_SECONDS * count]);
    await this.mine(1);
  }

  async mine(blocks: number): Promise<void> {
    await this.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`]);
  }

  /** Receipts of an epoch, each of another size, rising by their grants' hashes. */
  receipts(dealId: DealId, epoch: number, count: number): ReceiptWithGrant[] {
    const domain = domainOf(this.network.deployment);
    const pairs = Array.from({ length: count }, (_, index): ReceiptWithGrant => {
      const grant: Grant = {
        dealId,
        node: this.node.address,
        viewerKey: nativeSecp256k1.addressOf(viewerKey),
        epoch: parseEpoch(epoch),
        capBytes: 100n * MIB + BigInt(index),
        contentRoot: CONTENT_ROOT,
      };
      const receipt = {
        grantHash: grantHashOf(domain, grant),
        bytesCumulative: BigInt(1 + (index % 7)) * MIB,
      };
      return {
        signedGrant: { grant, signature: nativeSecp256k1.sign(grantDigest(domain, grant), grantKey) },
        signedReceipt: {
          receipt,
          signature: nativeSecp256k1.sign(receiptDigest(domain, receipt), viewerKey),
        },
      };
    });
    return pairs.sort((a, b) =>
      a.signedReceipt.receipt.grantHash < b.signedReceipt.receipt.grantHash ? -1 : 1,
    );
  }

  voucher(dealId: DealId, throughEpoch: Epoch, cumulative: bigint): SignedVoucher {
    const voucher = { dealId, node: this.node.address, throughEpoch, cumulative };
    const digest = voucherDigest(domainOf(this.network.deployment), voucher);
    return { voucher, signature: nativeSecp256k1.sign(digest, collectorKey) };
  }

  allocation(dealId: DealId) {
    return readAllocation(this.provider, this.network.deployment, { dealId, node: this.node.address });
  }

  balance(): Promise<bigint> {
    return readTokenBalance(this.provider, this.network.deployment, this.node.address);
  }
}

/** Bytes of receipts. */
export const bytesOf = (receipts: readonly ReceiptWithGrant[]): bigint =>
  receipts.reduce((sum, { signedReceipt }) => sum + signedReceipt.receipt.bytesCumulative, 0n);

/** What receipts are worth at a token a MiB. */
export const valueOf = (receipts: readonly ReceiptWithGrant[]): bigint => (bytesOf(receipts) / MIB) * TOKEN;
