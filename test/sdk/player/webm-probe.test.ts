import { expect } from 'chai';
import fc from 'fast-check';

import { PlayerError } from '../../../sdk/player/player-error.ts';
import { cuesBytes, probeWebm, readCues, segmentOf } from '../../../sdk/player/media/webm-probe.ts';
import { ebml, endless, float64, joined, text, uint } from './ebml-writer.ts';

const HEADER = ebml(0x1a45dfa3, ebml(0x4282, text('webm')));
const INFO = ebml(0x1549a966, ebml(0x2ad7b1, uint(1_000_000)), ebml(0x4489, float64(12_500)));
const VIDEO = ebml(0xae, ebml(0x83, uint(1)), ebml(0x86, text('V_VP9')));
const AUDIO = ebml(0xae, ebml(0x83, uint(2)), ebml(0x86, text('A_OPUS')));
const TRACKS = ebml(0x1654ae6b, VIDEO, AUDIO);
const CLUSTER = ebml(0x1f43b675, uint(1));

describe('probeWebm', () => {
  it('reads codecs, duration and where the header ends', () => {
    const before = joined([INFO, TRACKS]);
    const file = joined([HEADER, endless(0x18538067, before, CLUSTER)]);
    const probe = probeWebm(file, file.length);
    if (probe.kind !== 'facts') return expect.fail('it asks for more');
    expect(probe.facts).to.include({
      container: 'webm',
      streamable: true,
      mime: 'video/webm; codecs="vp9,opus"',
      seconds: 12.5,
      headerBytes: HEADER.length + 12 + before.length,
    });
  });

  it('asks for more while tracks are not there, and names no more than the file has', () => {
    const file = joined([HEADER, endless(0x18538067, INFO, TRACKS, CLUSTER)]);
    const probe = probeWebm(file.subarray(0, HEADER.length + 40), file.length);
    expect(probe.kind).to.equal('more');
  });

  it('takes audio alone for audio', () => {
    const file = joined([HEADER, endless(0x18538067, ebml(0x1654ae6b, AUDIO), CLUSTER)]);
    const probe = probeWebm(file, file.length);
    expect(probe.kind === 'facts' && probe.facts.mime).to.equal('audio/webm; codecs="opus"');
  });

  it('finds the cues by the seek head, and entries in them', () => {
    const point = (time: number, place: number) =>
      ebml(0xbb, ebml(0xb3, uint(time)), ebml(0xb7, ebml(0xf7, uint(1)), ebml(0xf1, uint(place))));
    const cues = ebml(0x1c53bb6b, point(0, 500), point(4_000, 90_000));
    const seekHead = ebml(
      0x114d9b74,
      ebml(0x4dbb, ebml(0x53ab, uint(0x1c53bb6b)), ebml(0x53ac, uint(1_000))),
    );
    const head = joined([HEADER, endless(0x18538067, seekHead, INFO, TRACKS, CLUSTER, CLUSTER)]);
    const probe = probeWebm(head, 5_000_000);
    const segment = segmentOf(head);
    expect(segment.segmentStart).to.equal(HEADER.length + 12);
    expect(probe.kind === 'facts' && probe.facts.indexPlace?.start).to.equal(segment.segmentStart + 1_000);
    expect(cuesBytes(cues.subarray(0, 12))).to.equal(cues.length);
    expect(readCues(cues, segment)).to.deep.equal([
      { seconds: 0, offset: segment.segmentStart + 500 },
      { seconds: 4, offset: segment.segmentStart + 90_000 },
    ]);
  });

  it('never reads beyond what it has, and never hangs, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (noise, cut) => {
        const file = joined([HEADER, endless(0x18538067, INFO, TRACKS, CLUSTER)]);
        const mixed = joined([file.subarray(0, cut), noise]);
        try {
          probeWebm(mixed, mixed.length);
        } catch (error) {
          expect(error).to.be.instanceOf(PlayerError).with.property('code', 'MEDIA_INVALID');
        }
      }),
    );
  });
});
