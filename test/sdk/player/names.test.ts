import { expect } from 'chai';

import { captionsOf } from '../../../sdk/player/element/captions.ts';
import { settingsOf } from '../../../sdk/player/element/player-settings.ts';
import { entryOf } from '../../../sdk/player/media/entry-choice.ts';
import { mediaTypeOf, shownAs } from '../../../sdk/player/media/media-kind.ts';
import { TimeIndex } from '../../../sdk/player/media/time-index.ts';
import { contentPathOf, contentUrlOf } from '../../../sdk/player/playback/content-url.ts';
import { PlayerError } from '../../../sdk/player/player-error.ts';

describe('what a content is shown as', () => {
  it('follows its name, else its first bytes', () => {
    expect(mediaTypeOf('film.webm', new Uint8Array(0))).to.equal('video/webm');
    expect(mediaTypeOf('', Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3))).to.equal('video/webm');
    expect(mediaTypeOf('', new TextEncoder().encode('    ftypisom'))).to.equal('video/mp4');
    expect(mediaTypeOf('', Uint8Array.of(1, 2, 3))).to.equal('application/octet-stream');
  });

  it('is never a page that could run scripts', () => {
    expect(shownAs('text/html; charset=utf-8')).to.equal('text');
    expect(shownAs('application/pdf')).to.equal('download');
    expect(shownAs('image/png')).to.equal('image');
    expect(shownAs('application/vnd.apple.mpegurl')).to.equal('hls');
  });

  it('is a directory’s playlist, else its film, else nothing', () => {
    expect(entryOf(['a.ts', 'master.m3u8', 'low.m3u8'])).to.equal('master.m3u8');
    expect(entryOf(['notes.txt', 'film.webm', 'poster.png'])).to.equal('film.webm');
    expect(entryOf(['a.bin', 'b.bin'])).to.equal(undefined);
  });
});

describe('captionsOf', () => {
  it('finds those of the film and their languages', () => {
    const names = ['film.webm', 'film.vtt', 'film.en.vtt', 'film.pt-BR.vtt', 'other.vtt'];
    expect(captionsOf('films/film.webm', names)).to.deep.equal([
      { path: 'films/film.vtt', language: undefined },
      { path: 'films/film.en.vtt', language: 'en' },
      { path: 'films/film.pt-BR.vtt', language: 'pt-BR' },
    ]);
  });
});

describe('TimeIndex', () => {
  it('finds the last entry at or before a time', () => {
    const index = new TimeIndex([
      { seconds: 4, offset: 400 },
      { seconds: 0, offset: 10 },
    ]);
    expect(index.before(3.9)).to.deep.equal({ seconds: 0, offset: 10 });
    expect(index.before(4)).to.deep.equal({ seconds: 4, offset: 400 });
    expect(index.before(-1)).to.equal(undefined);
  });
});

describe('contentPathOf', () => {
  it('gives back what contentUrlOf named, relative addresses resolved', () => {
    expect(contentPathOf(contentUrlOf('a b/ü.m3u8'))).to.equal('a b/ü.m3u8');
    expect(contentPathOf(new URL('../low/1.ts', contentUrlOf('hls/high/index.m3u8')).href)).to.equal(
      'hls/low/1.ts',
    );
  });

  it('refuses what lies outside of the content', () => {
    expect(() => contentPathOf('https://elsewhere.example/1.ts'))
      .to.throw(PlayerError)
      .with.property('code', 'MEDIA_UNSUPPORTED');
  });
});

describe('settingsOf', () => {
  const read = (attributes: Record<string, string>) => (name: string) => attributes[name] ?? null;
  const script = 'https://market.example/player/embed.js';

  it('takes the script’s host for the marketplace, and a file for the kind of an origin', () => {
    expect(
      settingsOf(read({ cid: 'bafy', path: '/a.webm', origin: 'https://o.example/a.webm' }), script),
    ).to.deep.equal({
      path: 'a.webm',
      settings: {
        cid: 'bafy',
        marketplaceUrl: 'https://market.example',
        origin: { url: 'https://o.example/a.webm', kind: 'file', allowUnverified: false },
      },
    });
  });

  it('asks for nothing without a CID', () => {
    expect(settingsOf(read({}), script)).to.equal(undefined);
  });
});
