import pino from 'pino';

/** Structured logging; secrets are never handed to it. */
export type NodeLog = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** Logs to stderr as JSON lines, and to a file if one is given: stdout belongs to data. */
export function createLog(level: string, file?: { write(line: string): void }): pino.Logger {
  const stderr = pino.destination({ fd: 2, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
    },
    file === undefined
      ? stderr
      : pino.multistream([
          // The logger's own level decides.
          { level: 'trace', stream: stderr },
          { level: 'trace', stream: file },
        ]),
  );
}
