import { gzipSync } from 'node:zlib';

/** POSIX.1-1988 ustar: a header of one block for each file, contents padded to whole blocks, two empty ones at the end. */
const BLOCK_BYTES = 512;
const MAX_NAME_BYTES = 100;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

/** A small file of an archive. */
export interface ArchivedFile {
  /** ASCII, at most 100 bytes. */
  readonly name: string;
  readonly content: string;
}

/** A gzipped tar archive of text files, readable for their owner only. @param atSeconds their time, seconds since 1970 */
export function tarGz(files: readonly ArchivedFile[], atSeconds: number): Uint8Array {
  const blocks = files.flatMap(({ name, content }) => {
    const bytes = Buffer.from(content, 'utf8');
    const padding = Buffer.alloc((BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES);
    return [headerOf(name, bytes.length, atSeconds), bytes, padding];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]));
}

function headerOf(name: string, bytes: number, atSeconds: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name.slice(0, MAX_NAME_BYTES), 0, 'ascii');
  const fields: readonly (readonly [at: number, text: string])[] = [
    [100, octal(0o600, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(bytes, 12)],
    [136, octal(Math.floor(atSeconds), 12)],
    // The checksum is taken with blanks in its own place.
    [CHECKSUM_AT, ' '.repeat(CHECKSUM_BYTES)],
    [156, '0'],
    [257, 'ustar\0'],
    [263, '00'],
  ];
  for (const [at, text] of fields) header.write(text, at, 'ascii');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)} `, CHECKSUM_AT, 'ascii');
  return header;
}

/** An octal number that fills its field, with a zero byte at the end. */
function octal(value: number, bytes: number): string {
  return `${value.toString(8).padStart(bytes - 1, '0')}\0`;
}
