import { expect } from 'chai';
import { CID } from 'multiformats/cid';

import { ServingLoad } from '../../../../node/app/group/serving-load.ts';

const cid = CID.parse('bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e');

describe('load of a serving node', () => {
  function node(options: { readonly uploadCap: number | undefined }) {
    const clock = { ms: 0, nowMs: () => clock.ms };
    const busy = { share: 0 };
    const load = new ServingLoad({ clock, busyShare: () => busy.share }, options);
    const reader = load.metered({
      get: async () => new Uint8Array(512_000),
      sizeOf: async () => 512_000,
    });
    return { clock, busy, load, reader };
  }

  it('is the share of the upload cap that was sent since the last look', async () => {
    const { clock, load, reader } = node({ uploadCap: 1_024_000 });
    expect(load.standing()).to.deep.equal({ load: 0, freeKiBps: 1_000 });
    await reader.get(cid);
    clock.ms = 1_000;
    expect(load.standing()).to.deep.equal({ load: 127, freeKiBps: 500 });
    clock.ms = 2_000;
    expect(load.standing()).to.deep.equal({ load: 0, freeKiBps: 1_000 });
  });

  it('is the share of a busy event loop if that is larger', () => {
    const { clock, busy, load } = node({ uploadCap: undefined });
    busy.share = 1;
    clock.ms = 1_000;
    expect(load.standing()).to.deep.equal({ load: 254, freeKiBps: 0 });
  });

  it('does not judge by a moment', async () => {
    const { clock, load, reader } = node({ uploadCap: 1_024_000 });
    await reader.get(cid);
    clock.ms = 10;
    expect(load.standing().load).to.equal(0);
  });

  it('counts nothing for a block that is not there, nor for its size', async () => {
    const { clock, load } = node({ uploadCap: 1_024 });
    const reader = load.metered({ get: async () => undefined, sizeOf: async () => undefined });
    expect(await reader.get(cid)).to.equal(undefined);
    expect(await reader.sizeOf(cid)).to.equal(undefined);
    clock.ms = 1_000;
    expect(load.standing().load).to.equal(0);
  });
});
