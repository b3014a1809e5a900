import pino from 'pino';

/** Structured logging; secrets are never handed to it. */
export type NodeLog = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** Logs to stderr as JSON lines: stdout belongs to data. */
export function createLog(level: string): pino.Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
