import { expect } from 'chai';
import fc from 'fast-check';

import type { Draft } from '../../../../marketplace/web/new-distribution/draft.ts';
import { draftText, parseDraft } from '../../../../marketplace/web/new-distribution/draft-text.ts';
import {
  begin,
  resume,
  step,
  type Progress,
  type ProgressAction,
  type ProgressEvent,
  type ProgressStep,
} from '../../../../marketplace/web/new-distribution/progress.ts';
import { RandomStreams } from '../../../../scripts/measuring/random-streams.ts';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import {
  parseAddress,
  parseBytes32,
  parseContentRoot,
  parseDealId,
} from '../../../../sdk/protocol/identifiers.ts';

const word = (byte: string) => parseBytes32(`0x${byte.repeat(32)}`, 'word');
const CHAIN = { chainId: '31337', genesisHash: word('9e') };
const draft: Draft = {
  ...CHAIN,
  publisher: parseAddress(`0x${'11'.repeat(20)}`),
  dealId: parseDealId(word('d1')),
  salt: word('5a'),
  uploadNonce: word('4e'),
  uploadKey: word('6b'),
  name: 'film.webm',
  cid: 'bafyfilm',
  contentRoot: parseContentRoot(word('c0')),
  contentCodec: 0x70,
  bytes: 5_000_000_000n,
  collector: parseAddress(`0x${'22'.repeat(20)}`),
  grantKey: parseAddress(`0x${'33'.repeat(20)}`),
  serviceLevel: 1,
  depositWei: 40n * 10n ** 18n,
  origin: undefined,
  nodes: [
    {
      node: parseAddress(`0x${'44'.repeat(20)}`),
      region: 'eu-west',
      endpoints: ['/ip4/127.0.0.1/tcp/1/http'],
      ratePerGiB: 10n ** 18n,
      amountWei: 40n * 10n ** 18n,
    },
  ],
  transaction: undefined,
  reviewedAt: 1_800_000_000,
};
const fromOrigin: Draft = {
  ...draft,
  origin: { url: 'https://media.example/film.webm', etag: '"v1"', lastModified: '', signed: undefined },
};
const SIGNED = { issuedAt: 1_800_000_001, signature: bytesToHex(new Uint8Array(64).fill(7)) };
const signedDraft: Draft = {
  ...draft,
  origin: { url: 'https://media.example/film.webm', etag: '"v1"', lastModified: '', signed: SIGNED },
};
const failure = { code: 'WALLET_REJECTED', message: 'No.', remedy: 'Again.' };
const TRANSACTION = word('7a');

/** A world in which a page dies wherever it likes, and what outlives it: storage, wallet, chain, nodes. */
class World {
  kept: string | undefined;
  chargedWei = 0n;
  refusedOpenings = 0;
  isOpen = false;
  /** Sent and not mined yet. */
  pending = 0;
  isPlaced = false;
  isDeclared = false;
  /** What must never happen, in words. */
  readonly wrongs: string[] = [];

  mine(): void {
    for (; this.pending > 0; this.pending--) {
      if (this.isOpen) this.refusedOpenings += 1;
      else {
        this.isOpen = true;
        this.chargedWei += draft.depositWei;
      }
    }
  }
}

type Choice = () => number;

/** Does an action; what comes of it is an event, or nothing where the page dies on the way. */
function perform(world: World, action: ProgressAction, choose: Choice): ProgressEvent | undefined {
  switch (action.do) {
    case 'save':
      world.kept = draftText(action.draft);
      return undefined;
    case 'forget':
      world.kept = undefined;
      return undefined;
    case 'look':
      return { type: 'seen', deal: world.isOpen ? 'open' : 'none' };
    case 'sign-origin':
      return choose() < 0.3 ? { type: 'refused', failure } : { type: 'origin-signed', signed: SIGNED };
    case 'declare':
      if (!world.isOpen) world.wrongs.push('declared before the deal was there');
      if (action.draft.origin?.signed === undefined) world.wrongs.push('declared without a signature');
      if (choose() < 0.3) return { type: 'not-declared', failure };
      world.isDeclared = true;
      return { type: 'declared' };
    case 'confirm':
      if (isUnsigned(action.draft) || isUnsigned(keptOf(world)))
        world.wrongs.push('paid before the signature was kept');
      if (choose() < 0.3) return { type: 'refused', failure };
      world.pending += 1;
      // A wallet may have sent it and still say that something went wrong.
      return choose() < 0.3 ? { type: 'refused', failure } : { type: 'sent', transaction: TRANSACTION };
    case 'wait': {
      const second = world.isOpen;
      world.mine();
      return second && choose() < 0.5 ? { type: 'refused', failure } : { type: 'mined' };
    }
    case 'upload':
      if (action.draft.origin !== undefined && !world.isDeclared)
        world.wrongs.push('placed before nodes could know where the content is');
      if (choose() < 0.4) return { type: 'upload-failed', failure };
      world.isPlaced = true;
      return { type: 'placed' };
  }
}

const keptOf = (world: World): Draft | undefined =>
  world.kept === undefined ? undefined : parseDraft(world.kept);

const isUnsigned = (found: Draft | undefined): boolean =>
  found?.origin !== undefined && found.origin.signed === undefined;

/** What a publisher does where the page waits for them. */
function wish(progress: Progress): ProgressEvent | undefined {
  if (progress.at === 'asking') return { type: 'agreed' };
  if (progress.at === 'choosing') return { type: 'chosen', cid: draft.cid };
  if (progress.at === 'interrupted' || progress.at === 'undeclared') return { type: 'again' };
  return undefined;
}

/** Lives until the distribution is placed; before or behind each action the page may be closed and opened again. */
function live(world: World, choose: Choice, reviewed: Draft): Progress['at'] {
  let now: ProgressStep = begin(reviewed);
  for (let turn = 0; turn < 2_000; turn++) {
    let event: ProgressEvent | undefined;
    let isClosed = false;
    for (const action of now.actions) {
      isClosed = choose() < 0.2;
      if (isClosed) break;
      event = perform(world, action, choose) ?? event;
      isClosed = choose() < 0.2;
      if (isClosed) break;
    }
    if (choose() < 0.5) world.mine();
    if (isClosed) {
      const found = keptOf(world);
      if (found === undefined) return world.isPlaced ? 'done' : 'choosing';
      now = resume(found, CHAIN);
      continue;
    }
    event ??= wish(now.progress);
    if (event === undefined) return now.progress.at;
    now = step(now.progress, event);
  }
  return now.progress.at;
}

describe('progress of a new distribution', () => {
  for (const [what, reviewed] of [
    ['an upload', draft],
    ['an origin', fromOrigin],
  ] as const) {
    it(`ends with a content that every node has and a deposit charged once, wherever the page dies: ${what}`, () => {
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const world = new World();
          const choose = new RandomStreams(seed).stream('pages');
          const end = live(world, choose, reviewed);
          world.mine();
          expect(world.wrongs).to.deep.equal([]);
          if (end === 'choosing') {
            // The page died before the draft was kept: then nothing was sent either.
            expect([world.chargedWei, world.isPlaced]).to.deep.equal([0n, false]);
          } else {
            expect([end, world.chargedWei, world.isPlaced]).to.deep.equal(['done', draft.depositWei, true]);
            expect(world.isDeclared).to.equal(reviewed.origin !== undefined);
          }
        }),
        { numRuns: 2_000 },
      );
    });
  }

  it('asks for the word about an origin first and keeps it, then asks for the transaction', () => {
    const begun = begin(fromOrigin);
    expect(begun.actions.map((action) => action.do)).to.deep.equal(['save', 'sign-origin']);
    const signed = step(begun.progress, { type: 'origin-signed', signed: SIGNED });
    expect(signed.progress).to.deep.equal({ at: 'confirming', draft: signedDraft, hasContent: true });
    expect(signed.actions).to.deep.equal([
      { do: 'save', draft: signedDraft },
      { do: 'confirm', draft: signedDraft },
    ]);
  });

  it('tells the marketplace before nodes, and again after a reload, without the wallet', () => {
    const open = step(resume(signedDraft, CHAIN).progress, { type: 'seen', deal: 'open' });
    expect(open.actions).to.deep.equal([{ do: 'declare', draft: signedDraft }]);
    const failed = step(open.progress, { type: 'not-declared', failure });
    expect(failed).to.deep.include({ actions: [] });
    expect(failed.progress.at).to.equal('undeclared');
    const again = step(failed.progress, { type: 'again' });
    expect(again.actions).to.deep.equal([{ do: 'declare', draft: signedDraft }]);
    expect(step(again.progress, { type: 'declared' }).progress.at).to.equal('choosing');
  });

  it('does not ask a wallet that has refused again by itself, the deal being there or not', () => {
    for (const deal of ['none', 'open'] as const) {
      const asked =
        deal === 'none'
          ? begin(fromOrigin)
          : step(resume(fromOrigin, CHAIN).progress, { type: 'seen', deal });
      expect(asked.progress.at).to.equal('signing');
      const looking = step(asked.progress, { type: 'refused', failure });
      const rested = step(looking.progress, { type: 'seen', deal });
      expect([rested.progress.at, rested.actions]).to.deep.equal([
        deal === 'none' ? 'asking' : 'undeclared',
        [],
      ]);
    }
  });

  it('writes the draft down before the wallet is asked, and with the hash before it waits', () => {
    const begun = begin(draft);
    expect(begun.actions.map((action) => action.do)).to.deep.equal(['save', 'confirm']);
    const sent = step(begun.progress, { type: 'sent', transaction: TRANSACTION });
    expect(sent.actions).to.deep.equal([
      { do: 'save', draft: { ...draft, transaction: TRANSACTION } },
      { do: 'wait', draft: { ...draft, transaction: TRANSACTION }, transaction: TRANSACTION },
    ]);
  });

  it('looks at the chain first after a reload, and asks for nothing on another chain', () => {
    expect(resume(draft, CHAIN).actions.map((action) => action.do)).to.deep.equal(['look']);
    for (const chain of [
      { ...CHAIN, genesisHash: word('00') },
      { ...CHAIN, chainId: '1' },
    ]) {
      const elsewhere = resume(draft, chain);
      expect(elsewhere).to.deep.equal({ progress: { at: 'elsewhere', draft }, actions: [] });
      for (const type of ['agreed', 'again', 'mined', 'placed'] as const) {
        expect(step(elsewhere.progress, { type }).actions).to.deep.equal([]);
      }
    }
  });

  it('takes only the content that the deal names', () => {
    const open = step(resume(draft, CHAIN).progress, { type: 'seen', deal: 'open' });
    const other = step(open.progress, { type: 'chosen', cid: 'bafyother' });
    expect(other).to.deep.equal({ progress: { at: 'choosing', draft, otherCid: 'bafyother' }, actions: [] });
    expect(step(other.progress, { type: 'chosen', cid: draft.cid }).actions).to.deep.equal([
      { do: 'upload', draft },
    ]);
  });

  it('forgets a draft whose deal was closed meanwhile', () => {
    const ended = step(resume(draft, CHAIN).progress, { type: 'seen', deal: 'closing' });
    expect(ended).to.deep.equal({ progress: { at: 'ended', draft }, actions: [{ do: 'forget', draft }] });
  });

  it('does not ask the wallet by itself when the chain cannot be asked', () => {
    const failed = step(resume(draft, CHAIN).progress, { type: 'look-failed', failure });
    expect(failed.progress.at).to.equal('asking');
    expect(step(failed.progress, { type: 'again' }).actions.map((action) => action.do)).to.deep.equal([
      'look',
    ]);
  });

  it('reads a draft back as it was kept, and passes over what is none', () => {
    for (const kept of [draft, { ...draft, transaction: TRANSACTION }, fromOrigin, signedDraft]) {
      expect(parseDraft(draftText(kept))).to.deep.equal(kept);
    }
    for (const text of ['', '{}', 'null', '[]', draftText(draft).replace('"version":1', '"version":2')]) {
      expect(parseDraft(text)).to.equal(undefined);
    }
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseDraft(text)).to.equal(undefined);
      }),
    );
  });
});
