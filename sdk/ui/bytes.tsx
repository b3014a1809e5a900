import { byteText, exactByteText, rateText } from './figures.ts';

interface BytesProps {
  readonly bytes: number | bigint;
  /** They are bytes of each second. @default false */
  readonly perSecond?: boolean;
}

/** A number of bytes in a readable unit; the title has every digit. */
export function Bytes({ bytes, perSecond = false }: BytesProps) {
  const exact = exactByteText(typeof bytes === 'number' ? Math.floor(bytes) : bytes);
  return (
    <data class="figure" value={bytes.toString()} title={perSecond ? `${exact} a second` : exact}>
      {perSecond ? rateText(Number(bytes)) : byteText(bytes)}
    </data>
  );
}
