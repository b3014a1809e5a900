import { contentRange, spanLength, type ByteSpan } from './byte-ranges.ts';

/** How several ranges go out as one body (RFC 9110, section 14.6). */
export interface MultipartRanges {
  /** Value of Content-Type. */
  readonly contentType: string;
  /** Length of the whole body. */
  readonly contentLength: number;
  readonly parts: readonly {
    /** What stands before the bytes of the span; ASCII. */
    readonly preamble: string;
    readonly span: ByteSpan;
  }[];
  /** What ends the body; ASCII. */
  readonly ending: string;
}

/**
 * Lays out multipart/byteranges. The boundary is made of the content's own CID: bytes that contain the hash
 * of a DAG that contains them cannot be made, so it never occurs within a part.
 * @param content `cid` as text, size in bytes and media type of the representation
 */
export function multipartRanges(
  content: { readonly cid: string; readonly size: number; readonly contentType: string },
  spans: readonly ByteSpan[],
): MultipartRanges {
  const boundary = `bcdn-${content.cid}`;
  const parts = spans.map((span, i) => ({
    preamble:
      `${i === 0 ? '' : '\r\n'}--${boundary}\r\ncontent-type: ${content.contentType}\r\n` +
      `content-range: ${contentRange(span, content.size)}\r\n\r\n`,
    span,
  }));
  const ending = `\r\n--${boundary}--\r\n`;
  const length = parts.reduce((sum, { preamble, span }) => sum + preamble.length + spanLength(span), 0);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentLength: length + ending.length,
    parts,
    ending,
  };
}
