import { concatBytes, utf8ToBytes } from '../../sdk/protocol/bytes.ts';
import { PICTURE, pictureParameters, sequenceParameters } from './film-picture.ts';

const TRACK = 1;
/** A sample that starts anew, needed by none. */
const SYNC_SAMPLE = 0x02_00_00_00;
const UNITY = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/** What a film begins with: form, track and decoder (ISO/IEC 14496-12, 8; 14496-15, 5). */
export function filmHeader(): Uint8Array {
  return concatBytes(
    box('ftyp', text('iso5'), words(512), text('iso5iso6mp41avc1')),
    box(
      'moov',
      box(
        'mvhd',
        words(0, 0, 0, PICTURE.perSecond, 0, 0x1_0000, 0x100_0000, 0, 0, ...UNITY),
        words(0, 0, 0, 0, 0, 0, TRACK + 1),
      ),
      box('trak', trackHeader(), box('mdia', mediaHeader(), handler(), mediaInformation())),
      box('mvex', box('trex', words(0, TRACK, 1, 0, 0, 0))),
    ),
  );
}

/** One picture as a fragment of its own (8.8). @param unit the picture's NAL unit */
export function fragmentOf(index: number, unit: Uint8Array): Uint8Array {
  const sample = concatBytes(words(unit.length), unit);
  const moof = (dataOffset: number): Uint8Array =>
    box(
      'moof',
      box('mfhd', words(0, index + 1)),
      box(
        'traf',
        box('tfhd', words(0x02_00_00, TRACK)),
        box('tfdt', words(0, index)),
        // Offset of the data; duration, size and flags of each sample.
        box('trun', words(0x701, 1, dataOffset, 1, sample.length, SYNC_SAMPLE)),
      ),
    );
  return concatBytes(moof(moof(0).length + 8), box('mdat', sample));
}

function trackHeader(): Uint8Array {
  const { width, height } = PICTURE;
  return box('tkhd', words(3, 0, 0, TRACK, 0, 0, 0, 0, 0, 0, ...UNITY, width << 16, height << 16));
}

const mediaHeader = (): Uint8Array => box('mdhd', words(0, 0, 0, PICTURE.perSecond, 0, 0x55c4_0000));

const handler = (): Uint8Array => box('hdlr', words(0, 0), text('vide'), words(0, 0, 0), text('bcdn\0'));

function mediaInformation(): Uint8Array {
  const empty = ['stts', 'stsc', 'stco'].map((name) => box(name, words(0, 0)));
  return box(
    'minf',
    box('vmhd', words(1, 0, 0)),
    box('dinf', box('dref', words(0, 1), box('url ', words(1)))),
    box('stbl', box('stsd', words(0, 1), sampleEntry()), ...empty, box('stsz', words(0, 0, 0))),
  );
}

function sampleEntry(): Uint8Array {
  const { width, height } = PICTURE;
  return box(
    'avc1',
    words(0, 1, 0, 0, 0, 0, (width << 16) | height, 0x48_0000, 0x48_0000, 0, 0x1_0000),
    words(0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0, 0, 0, 0x18, 0xff, 0xff),
    box('avcC', decoderSettings()),
  );
}

function decoderSettings(): Uint8Array {
  const sequence = sequenceParameters();
  const pictures = pictureParameters();
  return concatBytes(
    Uint8Array.of(1, ...sequence.subarray(1, 4), 0xff, 0xe1, 0, sequence.length),
    sequence,
    Uint8Array.of(1, 0, pictures.length),
    pictures,
  );
}

function box(name: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return concatBytes(words(length), text(name), ...parts);
}

const text = (characters: string): Uint8Array => utf8ToBytes(characters);

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return bytes;
}
