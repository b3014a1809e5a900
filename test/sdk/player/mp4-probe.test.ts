import { expect } from 'chai';
import fc from 'fast-check';

import { mfraBytes, probeMp4, readMfra } from '../../../sdk/player/media/mp4-probe.ts';
import { PlayerError } from '../../../sdk/player/player-error.ts';
import { joined, text } from './ebml-writer.ts';

const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const zeros = (count: number) => new Uint8Array(count);
const box = (type: string, ...content: readonly (Uint8Array | readonly number[])[]) => {
  const body = joined(content);
  return joined([u32(body.length + 8), text(type), body]);
};

const FTYP = box('ftyp', text('isom'), u32(0));
const MVHD = (duration: number) => box('mvhd', u32(0), u32(0), u32(0), u32(1_000), u32(duration), zeros(80));
const AVC = box('avc1', zeros(78), box('avcC', [1, 0x64, 0x00, 0x1f]));
const AAC = box(
  'mp4a',
  zeros(28),
  box('esds', u32(0), [0x03, 25, 0, 1, 0, 0x04, 17, 0x40], zeros(12), [0x05, 2, 0x12, 0x10]),
);
const trak = (id: number, entry: Uint8Array) =>
  box(
    'trak',
    box('tkhd', u32(0), u32(0), u32(0), u32(id), zeros(70)),
    box(
      'mdia',
      box('mdhd', u32(0), u32(0), u32(0), u32(12_800), u32(0)),
      box('minf', box('stbl', box('stsd', u32(0), u32(1), entry))),
    ),
  );
const moov = (duration: number, fragmented: boolean) =>
  box('moov', MVHD(duration), trak(1, AVC), trak(2, AAC), ...(fragmented ? [box('mvex', zeros(0))] : []));

describe('probeMp4', () => {
  it('reads the codecs of a fragmented file and where its header ends', () => {
    const head = joined([FTYP, moov(0, true), box('moof', zeros(8))]);
    const probe = probeMp4(head, 1_000_000);
    if (probe.kind !== 'facts') return expect.fail('it asks for more');
    expect(probe.facts).to.include({
      streamable: true,
      mime: 'video/mp4; codecs="avc1.64001f,mp4a.40.2"',
      seconds: undefined,
      headerBytes: FTYP.length + moov(0, true).length,
    });
    expect(probe.facts.indexPlace).to.deep.equal({ start: 999_984, end: 1_000_000 });
  });

  it('says that a file with a table of samples, or with its header last, cannot be streamed', () => {
    const first = probeMp4(joined([FTYP, moov(9_000, false), box('mdat', zeros(8))]), 1_000_000);
    expect(first.kind === 'facts' && first.facts).to.include({ streamable: false, seconds: 9 });
    const last = probeMp4(joined([FTYP, box('free'), u32(900_000), text('mdat'), zeros(64)]), 1_000_000);
    expect(last.kind === 'facts' && last.facts.streamable).to.equal(false);
  });

  it('takes entries from a segment index behind the header', () => {
    const references = [u32(50_000), u32(12_800), u32(0), u32(70_000), u32(12_800), u32(0)];
    const sidx = box('sidx', u32(0), u32(1), u32(12_800), u32(0), u32(0), u32(2), ...references);
    const head = joined([FTYP, moov(0, true), sidx, box('moof', zeros(8))]);
    const probe = probeMp4(head, 1_000_000);
    if (probe.kind !== 'facts') return expect.fail('it asks for more');
    const first = FTYP.length + moov(0, true).length + sidx.length;
    expect(probe.facts.index).to.deep.equal([
      { seconds: 0, offset: first },
      { seconds: 1, offset: first + 50_000 },
    ]);
    expect(probe.facts.seconds).to.equal(2);
  });

  it('reads the index of fragments at the end of a file', () => {
    const entries = [u32(0), u32(900), [1, 1, 1], u32(25_600), u32(80_000), [1, 1, 1]];
    const tfra = box('tfra', u32(0), u32(1), u32(0), u32(2), ...entries);
    const mfra = box('mfra', tfra, box('mfro', u32(0), u32(tfra.length + 24)));
    expect(mfraBytes(mfra.subarray(-16))).to.equal(mfra.length);
    expect(readMfra(mfra, joined([FTYP, moov(0, true)]))).to.deep.equal([
      { seconds: 0, offset: 900 },
      { seconds: 2, offset: 80_000 },
    ]);
  });

  it('never reads beyond what it has, and never hangs, whatever the bytes', () => {
    const file = joined([FTYP, moov(0, true), box('moof', zeros(8))]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(file.length), (noise, cut) => {
        const mixed = joined([file.subarray(0, cut), noise]);
        try {
          probeMp4(mixed, mixed.length);
        } catch (error) {
          expect(error).to.be.instanceOf(PlayerError).with.property('code', 'MEDIA_INVALID');
        }
      }),
    );
  });
});
