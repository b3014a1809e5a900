import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import {
  NOTICE_SKEW_SECONDS,
  NOTICE_VALIDITY_SECONDS,
  type SignedContentNotice,
} from '../../../../sdk/protocol/content-notice.ts';
import { parseContentRoot, parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { NoticeStore } from '../../../../node/adapters/disk/notice-store.ts';
import { NoticeError } from '../../../../node/core/notices/notice-error.ts';

const NOW = 1_795_000_000;

function signed(sequence: bigint, kind: 'purge' | 'takedown'): SignedContentNotice {
  return {
    notice: {
      dealId: parseDealId(`0x${'d1'.repeat(32)}`),
      kind,
      contentRoot: parseContentRoot(`0x${'c1'.repeat(32)}`),
      path: '',
      tag: '',
      sequence,
      issuedAt: BigInt(NOW),
    },
    signature: new Uint8Array(64).fill(7),
  };
}

describe('NoticeStore', () => {
  let directory: string;
  let store: NoticeStore;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-notices-'));
    store = new NoticeStore(join(directory, 'notices.sqlite'));
  });

  afterEach(async () => {
    store.close();
    await rm(directory, { recursive: true, force: true });
  });

  function reopen(): void {
    store.close();
    store = new NoticeStore(join(directory, 'notices.sqlite'));
  }

  it('takes each notice once, also after a restart', () => {
    const last = signed(2n ** 64n - 1n, 'takedown');
    store.add(last, NOW);
    reopen();
    expect(store.has(last.notice)).to.equal(true);
    expect(() => store.add(last, NOW))
      .to.throw(NoticeError)
      .with.property('code', 'NOTICE_REPEATED');
    expect(store.takedowns()).to.deep.equal([last]);
  });

  it('knows what it had not done when it fell', () => {
    store.add(signed(1n, 'purge'), NOW);
    store.add(signed(2n, 'takedown'), NOW);
    store.markApplied(signed(1n, 'purge').notice);
    reopen();
    expect(store.unapplied()).to.deep.equal([signed(2n, 'takedown')]);
  });

  it('forgets purges that nobody would obey any more, and no takedown', () => {
    store.add(signed(1n, 'purge'), NOW);
    store.add(signed(2n, 'takedown'), NOW);
    const agedAt = NOW + NOTICE_VALIDITY_SECONDS + NOTICE_SKEW_SECONDS;
    store.add(signed(3n, 'purge'), agedAt);
    expect(store.has(signed(1n, 'purge').notice)).to.equal(true);
    store.add(signed(4n, 'purge'), agedAt + 1);
    expect([1n, 2n].map((sequence) => store.has(signed(sequence, 'purge').notice))).to.deep.equal([
      false,
      true,
    ]);
  });
});
