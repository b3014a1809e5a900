import { expect } from 'chai';

import { drawnFilm } from '../../../scripts/devnet/drawn-film.ts';

const filmOf = (bytes: number): Buffer => Buffer.concat([...drawnFilm(bytes)]);

/** Names of the boxes of a file, one after the other. */
function boxesOf(film: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; at < film.length; at += film.readUInt32BE(at)) {
    names.push(film.toString('latin1', at + 4, at + 8));
    expect(film.readUInt32BE(at), `box at ${at}`).to.be.greaterThan(7);
  }
  return names;
}

describe('the film that a development network draws', () => {
  it('has the length that was asked for, to the byte, and is made of whole boxes', () => {
    for (const bytes of [300_000, 300_001, 524_288]) {
      const film = filmOf(bytes);
      expect(film).to.have.length(bytes);
      const names = boxesOf(film);
      expect(names.slice(0, 4)).to.deep.equal(['ftyp', 'moov', 'moof', 'mdat']);
      expect(names.at(-1)).to.equal('free');
    }
  });

  it('is the same for the same length, and no two pictures are', () => {
    expect(filmOf(300_000).equals(filmOf(300_000))).to.equal(true);
    const film = filmOf(400_000);
    const pictures: string[] = [];
    for (let at = 0; at < film.length; at += film.readUInt32BE(at)) {
      if (film.toString('latin1', at + 4, at + 8) !== 'mdat') continue;
      pictures.push(film.toString('latin1', at + 8, at + film.readUInt32BE(at)));
    }
    expect(pictures.length).to.be.greaterThan(2);
    expect(new Set(pictures).size).to.equal(pictures.length);
  });

  it('holds no start code inside a picture, which would end it', () => {
    const film = filmOf(300_000);
    for (let at = 0; at < film.length; at += film.readUInt32BE(at)) {
      if (film.toString('latin1', at + 4, at + 8) !== 'mdat') continue;
      const unit = film.subarray(at + 12, at + film.readUInt32BE(at));
      expect(unit.includes(Buffer.of(0, 0))).to.equal(false);
    }
  });

  it('is bytes that no two blocks share where a film does not fit', () => {
    expect(filmOf(1_000)).to.have.length(1_000);
    expect(filmOf(0)).to.have.length(0);
  });
});
