import { Amount } from '../../../sdk/ui/amount.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { SumTable } from '../../../sdk/ui/sum-table.tsx';
import { dealSums, type DealParts } from '../market-data/deal-sums.ts';

/** Where every unit of a deal's deposit is, in the same words for its publisher and for everybody. */
export function DealSumTable({ deal }: { readonly deal: DealParts }) {
  const sums = dealSums(deal);
  const lines = [
    { text: 'Paid to nodes and peers, fee included', wei: sums.paidWei },
    { text: 'Held for nodes', wei: sums.heldForNodesWei },
    { text: 'Held for peers', wei: sums.heldForPeersWei },
    { text: 'Free in the deal', wei: sums.freeWei },
    { text: 'Taken back by the publisher', wei: sums.withdrawnWei },
  ];
  return (
    <>
      <SumTable
        caption="Where the deposit is"
        lines={lines}
        total={{ text: 'Deposited', wei: deal.depositedWei }}
      />
      {sums.differenceWei === 0n ? (
        <p class="soft small">The five lines add up to the deposit, to the last unit.</p>
      ) : (
        <Notice
          tone="warning"
          title="These lines do not add up to the deposit at this moment."
          evidence={<Amount wei={sums.differenceWei} exact />}
          remedy="A block may be between two of them; if it stays so, check the bill with bcdn audit."
        />
      )}
    </>
  );
}
