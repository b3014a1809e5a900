import type { TransactionSender } from '../chain/transactions.ts';
import { domainOf } from '../chain/deployment.ts';
import type { Clock } from '../pacing/clock.ts';
import { hexToBytes } from '../protocol/bytes.ts';
import type { DealId } from '../protocol/identifiers.ts';
import type { ImportedContent } from './imported-content.ts';
import type { Placement } from './place-content.ts';
import { PublishError } from './publish-error.ts';
import { pushContent } from './push-content.ts';

/** The archive of a content, its deal, and the account that opened it. */
export interface PushedArchive {
  readonly content: Pick<ImportedContent, 'root' | 'carFile'>;
  readonly dealId: DealId;
  readonly sender: TransactionSender;
  /** Names under which the content can be purged with others. @default none */
  readonly tags?: readonly string[] | undefined;
}

/** Brings the archive of a content to nodes as one CAR each; failures carry the deal. */
export function pushArchive(
  { content, dealId, sender, tags }: PushedArchive,
  clock: Clock,
): Placement['push'] {
  const sign = (digest: Uint8Array) =>
    hexToBytes(sender.wallet.signingKey.sign(digest).compactSerialized, 64);
  const domain = domainOf(sender.deployment);
  return async ({ node, endpoints }, part, options) => {
    const request = { content, part, dealId, domain, node, endpoints, tags, sign };
    try {
      await pushContent(request, { ...options, clock });
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      const { code, message, remedy, values } = error;
      throw new PublishError(code, message, { values: { ...values, dealId }, remedy, cause: error.cause });
    }
  };
}
