import { expect } from 'chai';
import fc from 'fast-check';

import { INITIAL_FIELDS, wishOf } from '../../../../marketplace/web/landing/calculator-wish.ts';
import { LAND_RINGS } from '../../../../marketplace/web/landing/land-outline.ts';
import { drawingOf } from '../../../../marketplace/web/landing/map-drawing.ts';
import {
  isInside,
  landDots,
  MAP_HEIGHT,
  MAP_WIDTH,
  placeAround,
  project,
} from '../../../../marketplace/web/landing/projection.ts';

const address = (index: number): string => `0x${index.toString(16).padStart(40, '0')}`;

describe('outline of the land', () => {
  it('knows cities from seas', () => {
    const cities = [
      [48.9, 2.3],
      [40.4, -100],
      [-23.5, -47],
      [28.6, 77.2],
      [35.7, 139.5],
      [-33.4, 146],
      [0.3, 32.6],
      [52, -1],
    ] as const;
    for (const [latitude, longitude] of cities) {
      expect(isInside(LAND_RINGS, latitude, longitude), `${latitude} ${longitude}`).to.equal(true);
    }
    const seas = [
      [40, -40],
      [0, -140],
      [-30, 80],
      [35, 18],
      [42, 51],
      [43, 34],
    ] as const;
    for (const [latitude, longitude] of seas) {
      expect(isInside(LAND_RINGS, latitude, longitude), `${latitude} ${longitude}`).to.equal(false);
    }
  });

  it('is a path of dots inside the drawing', () => {
    const dots = [...landDots(LAND_RINGS, 5).matchAll(/M([\d.]+) ([\d.]+)h0/g)];
    expect(dots.length).to.be.greaterThan(300);
    expect(dots.every(([, x, y]) => Number(x) <= MAP_WIDTH && Number(y) <= MAP_HEIGHT)).to.equal(true);
  });
});

describe('drawing of the map', () => {
  it('puts the nodes of a region beside each other', () => {
    const center = project(50, 8);
    const places = Array.from({ length: 19 }, (_, index) => placeAround(center, index, 10));
    for (const [index, a] of places.entries()) {
      for (const b of places.slice(0, index)) {
        expect(Math.hypot(a.x - b.x, a.y - b.y)).to.be.greaterThan(9);
      }
    }
  });

  it('draws what has a place, the busiest ways widest, and nothing for silence', () => {
    const region = { name: '', nodes: 1, readyNodes: 1, deliveredBytesLastHour: 0n };
    const node = { state: 'ready', deliveredBytesLastHour: 0n, askWeiPerGiB: 1n } as const;
    const drawing = drawingOf({
      regions: [
        { ...region, region: 'eu', latitude: 50, longitude: 8 },
        { ...region, region: 'us', latitude: 40, longitude: -80 },
        { ...region, region: 'lab', latitude: null, longitude: null },
      ],
      nodes: [
        { ...node, node: address(1), region: 'eu' },
        { ...node, node: address(2), region: 'lab' },
      ],
      links: [
        { from: 'us', to: 'eu', bytesLastHour: 400n },
        { from: 'eu', to: 'eu', bytesLastHour: 100n },
        { from: 'us', to: 'us', bytesLastHour: 0n },
        { from: 'lab', to: 'eu', bytesLastHour: 9n },
      ],
    });
    expect(drawing.regions.map(({ region: name }) => name)).to.deep.equal(['eu', 'us']);
    expect(drawing.nodes).to.have.length(1);
    expect(drawing.links.map(({ key }) => key)).to.deep.equal(['us-eu', 'eu-eu']);
    expect(drawing.links.map(({ width }) => width)).to.deep.equal([4, 2.5]);
  });
});

describe('fields of the calculator', () => {
  it('ask for what they say', () => {
    const { wish } = wishOf({ ...INITIAL_FIELDS, regions: ['eu-west'], priceCap: '0.02' });
    expect(wish).to.deep.equal({
      bytes: 20 * 2 ** 20,
      expectedDeliveryBytes: 20 * 2 ** 20 * 1_000,
      replicas: 3,
      days: 30,
      regions: ['eu-west'],
      maxRatePerGiB: 20_000_000_000_000_000n,
    });
  });

  it('count delivery by itself where it is told', () => {
    const { wish } = wishOf({
      ...INITIAL_FIELDS,
      audience: 'delivered',
      deliveredGiB: '1.5',
      viewers: 'nonsense',
    });
    expect(wish?.expectedDeliveryBytes).to.equal(1.5 * 2 ** 30);
  });

  it('say what is wrong with each', () => {
    const { errors } = wishOf({ ...INITIAL_FIELDS, size: '-1', replicas: '2.5', days: '', priceCap: 'much' });
    expect(Object.keys(errors ?? {}).sort()).to.deep.equal(['days', 'priceCap', 'replicas', 'size']);
    expect(wishOf({ ...INITIAL_FIELDS, unit: 'TiB', viewers: '1000000' }).errors).to.have.property('viewers');
  });

  it('never ask for what is no whole number of bytes within the limits', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom('MiB', 'GiB', 'TiB'), (size, viewers, unit) => {
        const { wish } = wishOf({ ...INITIAL_FIELDS, size, viewers, unit });
        if (wish === undefined) return;
        expect(Number.isSafeInteger(wish.bytes) && wish.bytes > 0).to.equal(true);
        expect(Number.isSafeInteger(wish.expectedDeliveryBytes)).to.equal(true);
      }),
    );
  });
});
