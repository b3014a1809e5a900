import { isError } from 'ethers';

/** What addresses on the network are written with; the registry itself checks lengths only. */
const PRINTABLE = /^[\x21-\x7e]*$/;

/**
 * Elements of a list that a contract holds or has logged, as text. Anybody may write bytes there that are no text: ethers
 * throws for them whenever they are read, and control characters would reach terminals and logs. Such elements are left
 * out, so that nobody can make a list, and what is read with it, unreadable for others.
 */
export function storedTexts(list: ArrayLike<unknown>): string[] {
  const texts: string[] = [];
  for (let position = 0; position < list.length; position++) {
    const text = textAt(list, position);
    if (text !== undefined && PRINTABLE.test(text)) texts.push(text);
  }
  return texts;
}

function textAt(list: ArrayLike<unknown>, position: number): string | undefined {
  try {
    return String(list[position]);
  } catch (failure) {
    if (isUndecodable(failure)) return undefined;
    throw failure;
  }
}

/** ethers puts off what it could not decode until it is read, and wraps it then. */
function isUndecodable(failure: unknown): boolean {
  return failure instanceof Error && 'error' in failure && isError(failure.error, 'INVALID_ARGUMENT');
}
