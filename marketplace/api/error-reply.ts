import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import { ProtocolError } from '../../sdk/protocol/errors.ts';
import { errorBody, type ErrorBody } from '../../sdk/protocol/http.ts';
import { MarketplaceError, type MarketplaceErrorCode } from '../errors.ts';

/** What Fastify itself refuses, in our codes. */
const FASTIFY_CODES: Readonly<Record<string, MarketplaceErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_REQUEST',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_REQUEST',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'INVALID_REQUEST',
  FST_ERR_BAD_URL: 'INVALID_REQUEST',
  FST_ERR_MAX_PARAM_LENGTH: 'INVALID_REQUEST',
};

/** Answers every failure with `{error: {code, message, values, remedy}}`; logs those nobody foresaw, and those of the database. */
export function replyWithError(logger: Logger) {
  return (
    failure: FastifyError | MarketplaceError | ProtocolError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void => {
    const coded = codedFailure(failure);
    if (coded.code === 'INTERNAL' || coded.code.startsWith('DATABASE_')) {
      logger.error(
        { requestId: request.id, route: request.routeOptions.url, err: failure },
        'A request failed unexpectedly.',
      );
    }
    const retryAfter = coded.values['retryAfterSeconds'];
    if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
    void reply.code(coded.status).send(bodyOf(coded));
  };
}

/** The body of a coded failure. What a database says, and where it is, is for the operator's log. */
export function bodyOf(failure: MarketplaceError): ErrorBody {
  const { code, remedy } = failure;
  const isDatabase = code.startsWith('DATABASE_');
  const message = isDatabase ? 'The database of this marketplace cannot be used now.' : failure.message;
  const values = isDatabase ? {} : failure.values;
  return errorBody({ code, message, values, remedy });
}

function codedFailure(failure: FastifyError | MarketplaceError | ProtocolError): MarketplaceError {
  if (failure instanceof MarketplaceError) return failure;
  if (failure instanceof ProtocolError) return protocolFailure(failure);
  if (failure.validation !== undefined) return validationFailure(failure);
  const code = FASTIFY_CODES[failure.code];
  if (code !== undefined) return new MarketplaceError(code, failure.message);
  if (failure instanceof SyntaxError && failure.statusCode === 400) {
    return new MarketplaceError('INVALID_REQUEST', 'The body is not valid JSON.');
  }
  return new MarketplaceError('INTERNAL', 'The request failed for a reason that should not occur.');
}

function protocolFailure(failure: ProtocolError): MarketplaceError {
  const isCid = failure.code === 'CID_INVALID' || failure.code === 'CID_UNSUPPORTED';
  const code = isCid
    ? 'INVALID_CID'
    : failure.code === 'ADDRESS_INVALID'
      ? 'INVALID_ADDRESS'
      : 'INVALID_REQUEST';
  return new MarketplaceError(code, failure.message, { reason: failure.code });
}

function validationFailure(failure: FastifyError): MarketplaceError {
  const first = failure.validation?.[0];
  return new MarketplaceError('INVALID_REQUEST', `The request is not as described: ${failure.message}.`, {
    part: failure.validationContext ?? 'request',
    field: first?.instancePath ?? '',
    rule: first?.keyword ?? '',
  });
}
