import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A program of the system that a bench needs, and the Debian package that has it. */
export interface SystemProgram {
  readonly name: string;
  readonly package: string;
}

export const NGINX: SystemProgram = { name: 'nginx', package: 'nginx-light' };
export const WRK: SystemProgram = { name: 'wrk', package: 'wrk' };

/** Where servers lie that are not on the path of ordinary users. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** Path of a program; undefined if it is not installed. */
export async function findProgram({ name }: SystemProgram): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS];
  for (const folder of folders.filter((each) => each !== '')) {
    const path = join(folder, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}
