const IP4 = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;
const IP6_GROUP = /^[0-9a-f]{1,4}$/;
const IP6_GROUPS = 8;

/** The 4 bytes of an IPv4 address in its usual text; undefined for anything else. */
export function parseIp4(text: string): Uint8Array | undefined {
  const numbers = IP4.exec(text)?.slice(1).map(Number);
  return numbers?.every((number) => number <= 255) === true ? Uint8Array.from(numbers) : undefined;
}

export function formatIp4(bytes: Uint8Array): string {
  return [...bytes].join('.');
}

/** The 16 bytes of an IPv6 address; undefined unless the text is exactly what `formatIp6` makes of them. */
export function parseIp6(text: string): Uint8Array | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = IP6_GROUPS - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!groups.every((group) => IP6_GROUP.test(group))) return undefined;
  const bytes = Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >>> 8, value & 0xff];
    }),
  );
  return formatIp6(bytes) === text ? bytes : undefined;
}

/** The text of RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
export function formatIp6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) {
    groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  }
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== '0') start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  });
  return best;
}
