/** Writes EBML elements, for tests of the probe. */
export function ebml(id: number, ...content: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = joined(content);
  const size = [
    0x10 | (body.length >>> 24),
    (body.length >>> 16) & 255,
    (body.length >>> 8) & 255,
    body.length & 255,
  ];
  return joined([idBytes(id), size, body]);
}

/** An element whose length its writer did not know. */
export function endless(id: number, ...content: readonly Uint8Array[]): Uint8Array {
  return joined([idBytes(id), [0x01, 255, 255, 255, 255, 255, 255, 255], ...content]);
}

export function uint(value: number): readonly number[] {
  const bytes = [];
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256))
    bytes.unshift(rest % 256);
  return bytes;
}

export function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function joined(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function idBytes(id: number): readonly number[] {
  return uint(id);
}
