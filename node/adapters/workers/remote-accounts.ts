import { encodeSignedGrant } from '../../../sdk/protocol/grant.ts';
import { parseGrantHash, type GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import { encodeSignedReceipt, encodeSignedReceipts } from '../../../sdk/protocol/receipt.ts';
import type {
  CheckedGrant,
  CheckedReceipt,
  DeliveryAccounts,
  ReservedBytes,
} from '../delivery-desk/delivery-accounts.ts';
import type { GrantStanding, ReceiptAnswer, SentBytes } from '../delivery-desk/delivery-desk.ts';
import { unpackError } from './crossing-error.ts';
import { HASH_LETTERS } from './accounts-door.ts';
import { plainBytes, PlainFields } from './plain-fields.ts';
import type { Plain, ProcessChannel } from './process-channel.ts';
import { messageInvalid } from './worker-error.ts';

/** The accounts as a worker has them: asked of the process that holds ledger and journal (accounts-door.ts). */
export class RemoteAccounts implements DeliveryAccounts {
  readonly #channel: Pick<ProcessChannel, 'ask' | 'tell'>;

  constructor(channel: Pick<ProcessChannel, 'ask' | 'tell'>) {
    this.#channel = channel;
  }

  async open({ signedGrant, signer }: CheckedGrant): Promise<GrantStanding> {
    const grant = plainBytes(encodeSignedGrant(signedGrant));
    return standingOf(new PlainFields(await this.#channel.ask('open', { grant, signer })));
  }

  async resume(
    grantHash: GrantHash,
    receipt: CheckedReceipt | undefined,
  ): Promise<GrantStanding | undefined> {
    const question = receipt === undefined ? { grantHash } : { grantHash, receipt: plainReceipt(receipt) };
    const answer = await this.#channel.ask('resume', question);
    return answer === null ? undefined : standingOf(new PlainFields(answer));
  }

  async reserve(grantHash: GrantHash, bytes: number): Promise<ReservedBytes> {
    const answer = new PlainFields(await this.#channel.ask('reserve', { grantHash, bytes }));
    return { leaveId: answer.integer('leaveId'), standing: standingOf(answer) };
  }

  async takeFree(client: string, bytes: number): Promise<{ readonly leaveId: number }> {
    const answer = new PlainFields(await this.#channel.ask('takeFree', { client, bytes }));
    return { leaveId: answer.integer('leaveId') };
  }

  settle(leaveId: number, { sentBytes, complete }: SentBytes): void {
    this.#channel.tell('settle', { leaveId, sentBytes, complete });
  }

  lose(leaveId: number): void {
    this.#channel.tell('lose', { leaveId });
  }

  async takeReceipts(receipts: readonly CheckedReceipt[]): Promise<readonly ReceiptAnswer[]> {
    const answer = new PlainFields(
      await this.#channel.ask('takeReceipts', {
        receipts: plainBytes(encodeSignedReceipts(receipts.map(({ signedReceipt }) => signedReceipt))),
        signers: receipts.map(({ signer }) => signer),
      }),
    );
    const answers = answer.list('answers', MAX_RECEIPTS_PER_REQUEST).map(receiptAnswer);
    if (answers.length !== receipts.length) throw messageInvalid('not every receipt was answered');
    return answers;
  }
}

function plainReceipt({ signedReceipt, signer }: CheckedReceipt): Plain {
  return { bytes: plainBytes(encodeSignedReceipt(signedReceipt)), signer };
}

function standingOf(fields: PlainFields): GrantStanding {
  return {
    windowBytes: fields.count('windowBytes'),
    servedBytes: fields.count('servedBytes'),
    durableBytes: fields.count('durableBytes'),
  };
}

function receiptAnswer(item: unknown): ReceiptAnswer {
  const fields = new PlainFields(item);
  const grantHash = fields.parsed('grantHash', HASH_LETTERS, parseGrantHash);
  if (fields.has('durableBytes')) return { grantHash, durableBytes: fields.count('durableBytes') };
  return { grantHash, error: unpackError((item as { error?: unknown }).error) };
}
