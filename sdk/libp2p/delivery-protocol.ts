import type { Domain } from '../protocol/eip712.ts';

/** Blocks for grants over libp2p streams (SPEC.md beside this file). */
export function deliveryProtocol({ chainId, verifyingContract }: Domain): string {
  return `/bcdn/${chainId}/${verifyingContract}/delivery/1`;
}

/** What a message is; the first byte of its body. */
export const MessageKind = {
  present: 0x01,
  receipt: 0x02,
  want: 0x03,
  settle: 0x04,
  block: 0x81,
  refused: 0x82,
  recorded: 0x83,
} as const;

export type DeliveryMessageErrorCode =
  /** The bytes are no message of this protocol. Values: kind, bytes. */
  | 'DELIVERY_MESSAGE_MALFORMED'
  /** The announced length exceeds the limit. Values: bytes, max. */
  | 'DELIVERY_MESSAGE_TOO_LONG'
  /** More requests without an answer than allowed. Values: max. */
  | 'DELIVERY_REQUESTS_EXCEEDED'
  /** An answer to nothing that was asked, or of another kind. Values: request. */
  | 'DELIVERY_ANSWER_UNASKED';

/** What the other side of a stream did against the protocol: the stream is over. */
export class DeliveryMessageError extends Error {
  readonly code: DeliveryMessageErrorCode;
  readonly values: Readonly<Record<string, number>>;

  constructor(
    code: DeliveryMessageErrorCode,
    message: string,
    details: { readonly values?: Readonly<Record<string, number>>; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DeliveryMessageError';
    this.code = code;
    this.values = details.values ?? {};
  }
}

/** The error for bytes that are no message. */
export function malformed(body: Uint8Array, why: string, cause?: unknown): DeliveryMessageError {
  return new DeliveryMessageError('DELIVERY_MESSAGE_MALFORMED', `A message is malformed: ${why}.`, {
    values: { kind: body[0] ?? -1, bytes: body.length },
    cause,
  });
}
