import { readdir, readFile, readlink } from 'node:fs/promises';

const LISTENING = '0A';
/** Fields of a line of /proc/net/tcp. */
const LOCAL_ADDRESS = 1;
const STATE = 3;
const INODE = 9;

/** The process that listens on a TCP port of this machine, as Linux tells it; undefined where it does not, or to others. */
export async function ownerOfPort(port: number): Promise<string | undefined> {
  const inodes = new Set([
    ...(await listenersIn('/proc/net/tcp', port)),
    ...(await listenersIn('/proc/net/tcp6', port)),
  ]);
  if (inodes.size === 0) return undefined;
  for (const pid of await entriesOf('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of await entriesOf(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return `${name.trim() === '' ? 'a process' : name.trim()} (pid ${pid})`;
    }
  }
  return undefined;
}

async function listenersIn(table: string, port: number): Promise<string[]> {
  const text = await readFile(table, 'utf8').catch(() => '');
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const listens = fields[STATE] === LISTENING && fields[LOCAL_ADDRESS]?.endsWith(wanted) === true;
    return listens && fields[INODE] !== undefined ? [fields[INODE]] : [];
  });
}

/** Processes end while they are looked at, and those of others are closed to us. */
async function entriesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}
