import { StorageError } from '../../core/storage/storage-error.ts';

/** The system's error codes for a disk without room, or beyond what this user may write. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Says in the operator's words what the file system refused. */
export function diskError(cause: unknown, path: string): StorageError {
  if (cause instanceof StorageError) return cause;
  const systemCode = errorCode(cause);
  if (FULL.has(systemCode)) {
    return new StorageError('DISK_FULL', 'The disk is full.', {
      values: { path, systemCode },
      remedy: 'Free space on the disk of the data directory, or lower the disk quota of this node.',
      cause,
    });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StorageError('DISK_FAILED', `The disk refused: ${reason}.`, {
    values: { path, systemCode },
    remedy: 'Check the disk of the data directory and the rights of the user who runs the node.',
    cause,
  });
}

/** The system's code of an error, or an empty string. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
