import type { Failure } from '../failure.ts';

/** A failure of the engine, as it came over the connection: code, sentence and remedy of the error that it threw. */
export class RemoteFailure extends Error {
  readonly code: string;
  readonly remedy: string;

  constructor({ code, message, remedy }: Failure) {
    super(message);
    this.name = 'RemoteFailure';
    this.code = code;
    this.remedy = remedy;
  }

  static unexpected(kind: string): RemoteFailure {
    const message = `The engine answered with ${kind} where something else was asked for.`;
    return new RemoteFailure({
      code: 'ENGINE_MESSAGE_INVALID',
      message,
      remedy: 'Load the page again: its parts are of different versions.',
    });
  }
}
