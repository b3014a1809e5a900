/** What the operating system refused, for people. */
export interface SystemFault {
  /** The system's name of it, such as `EACCES`. */
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** Faults that operators meet: what it means, and what mends it. */
const FAULTS: Readonly<Record<string, (path: string) => readonly [message: string, remedy: string]>> = {
  EACCES: (path) => [
    `This user may not use ${path}`,
    'Run the command as the user whom the folder belongs to (`ls -ld` shows whom), or as root.',
  ],
  EPERM: (path) => [
    `This user may not change ${path}`,
    'Run the command as the user whom the folder belongs to (`ls -ld` shows whom), or as root.',
  ],
  ENOENT: (path) => [`There is no ${path}`, 'Check the path.'],
  ENOTDIR: (path) => [`A part of ${path} is a file and no folder`, 'Give the path of a folder.'],
  EISDIR: (path) => [`${path} is a folder and no file`, 'Give the path of a file.'],
  EEXIST: (path) => [`There is already something at ${path}`, 'Move it away, or choose another path.'],
  ENOSPC: (path) => [
    `The disk of ${path} is full`,
    'Make room (`df -h` shows how much there is), then try again.',
  ],
  EDQUOT: (path) => [
    `This user's share of the disk of ${path} is used up`,
    'Make room (`quota` shows how much there is), then try again.',
  ],
  EROFS: (path) => [`The disk of ${path} takes no writes`, 'Choose another place, or mount it for writing.'],
  EMFILE: (path) => [
    `Too many files are open to open ${path}`,
    'Raise the limit: `ulimit -n 65536`, or LimitNOFILE= in the unit.',
  ],
  EIO: (path) => [
    `The disk of ${path} fails`,
    'Look at the log of the kernel (`dmesg`); the disk may have to be replaced.',
  ],
};

/** A refusal of the operating system in a sentence; undefined for any other error, and for those that name no file. */
export function systemFault(error: unknown): SystemFault | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return undefined;
  const { code, path } = error;
  if (typeof code !== 'string' || typeof path !== 'string') return undefined;
  const words = FAULTS[code]?.(path);
  if (words === undefined) return undefined;
  const [message, remedy] = words;
  return { code, path, message: `${message} (${code}).`, remedy };
}
