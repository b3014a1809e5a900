import type { JsonRpcProvider } from 'ethers';

import { AuditError } from '../../audit/audit-error.ts';
import type { AuditHeader } from '../../audit/audit-file.ts';
import { readDealEvents, requireBlockOf } from '../../audit/chain-events.ts';
import type { DealEvent } from '../../audit/deal-event.ts';
import { openProvider } from '../../chain/provider.ts';

/** A chain that the publisher trusts more than the file. */
export interface TrustedChain {
  /** Events of the deal from its opening to the block of the file. @throws ChainError; AuditError AUDIT_CHAIN_OTHER */
  readonly events: (header: AuditHeader, first: DealEvent) => Promise<readonly DealEvent[]>;
  close(): void;
}

export function openTrustedChain(url: string): TrustedChain {
  let provider: JsonRpcProvider | undefined;
  return {
    events: async (header, first) => {
      provider = openProvider({ url, chainId: header.chainId });
      await requireBlockOf(provider, header);
      const { dealId, market, block } = header;
      const range = { dealId, market, fromBlock: first.blockNumber, throughBlock: block.number };
      const events = await readDealEvents(provider, range);
      if (events.length > 0) return events;
      throw new AuditError('AUDIT_CHAIN_OTHER', `The chain at ${url} knows no event of the deal.`, {
        values: { url, dealId, market },
        remedy: 'Give --rpc of the chain that the deal is on.',
      });
    },
    close: () => provider?.destroy(),
  };
}
