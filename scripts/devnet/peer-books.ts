import { z } from 'zod';

import { peerPaidWei } from '../../sdk/chain/peer-pool.ts';
import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import { parseAddress, type Address } from '../../sdk/protocol/identifiers.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import type { Network } from './network.ts';
import { receiptedBytes, type ReceiptRow } from './receipt-rows.ts';

/** What a peer earned by the coordinator's count, and what the chain has paid it. */
export interface PeerBooks {
  readonly node: string;
  readonly address: Address;
  readonly receiptedBytes: bigint;
  /** What a GiB of it costs: its ask, or the price of the cheapest edge. */
  readonly ratePerGiB: bigint;
  readonly earnedWei: bigint;
  readonly paidWei: bigint;
}

const peersView = z.object({
  peers: z.array(
    z.object({
      peer: z.string().transform(parseAddress),
      holdsUntil: z.number().nullable(),
      earnedWei: z.string().transform(BigInt),
    }),
  ),
});

type PeersView = z.output<typeof peersView>['peers'];

/** The books of every peer of the network. */
export async function readPeerBooks(
  network: Network,
  publication: Publication,
  sources: { readonly sender: TransactionSender; readonly receipts: readonly ReceiptRow[] },
): Promise<readonly PeerBooks[]> {
  const { sender, receipts } = sources;
  const { dealId, nodes } = publication;
  const known = await peersOf(network.marketplaceUrl, dealId);
  const cheapest = nodes.reduce(
    (least, { ratePerGiB }) => (ratePerGiB < least ? ratePerGiB : least),
    MOST_WEI,
  );
  const books = network.peers.map(async ({ plan, operator }) => {
    const { askWeiPerGiB } = plan;
    return {
      node: plan.name,
      address: operator,
      receiptedBytes: receiptedBytes(receipts, operator),
      ratePerGiB: askWeiPerGiB < cheapest ? askWeiPerGiB : cheapest,
      earnedWei: known.find(({ peer }) => peer === operator)?.earnedWei ?? 0n,
      paidWei: await peerPaidWei(sender.provider, sender.deployment, { dealId, peer: operator }),
    };
  });
  return Promise.all(books);
}

/** Peers that the coordinator offers to viewers of a deal now. */
export async function peersHolding(marketplaceUrl: string, dealId: string): Promise<ReadonlySet<Address>> {
  const peers = await peersOf(marketplaceUrl, dealId);
  return new Set(peers.flatMap(({ peer, holdsUntil }) => (holdsUntil === null ? [] : [peer])));
}

async function peersOf(marketplaceUrl: string, dealId: string): Promise<PeersView> {
  const answer = await fetch(`${marketplaceUrl}/v1/deals/${dealId}/peers`);
  return peersView.parse(await answer.json()).peers;
}

const MOST_WEI = 2n ** 128n;
